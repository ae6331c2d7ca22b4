"""The page at `/docs`: the OpenAPI description as plain HTML, written by the server.

Litestar's own pages load their scripts from a content network, which a closed site does not reach; this one
needs neither network nor script.
"""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

Json = Mapping[str, Any]

STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
pre{overflow:auto;padding:.75rem;background:#8881;border-radius:.4rem}code,pre{font-size:.875rem}
section{border-top:1px solid #8884;margin-top:2rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #8883}
summary{cursor:pointer}.method{text-transform:uppercase;font-weight:700}
"""


class DocsPage(OpenAPIRenderPlugin):
    """Everything on one page: operations with a curl line each, then the schemas."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Page of the description, with this server's own address in the examples."""
        body = "".join(_page(openapi_schema, str(request.base_url).rstrip("/")))
        return body.encode()


def _page(spec: Json, server: str) -> Iterator[str]:
    info = spec["info"]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    yield f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
    yield f"<h1>{title}</h1><p>{escape(info['description'])}</p>"
    yield '<p><a href="/docs/openapi.json">OpenAPI description</a></p>'
    schemas = spec["components"].get("schemas", {})
    operations = [
        (path, method, operation)
        for path, item in spec["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, Mapping)
    ]
    for tag in spec["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>"
        for path, method, operation in operations:
            if tag["name"] in operation.get("tags", []):
                credentials = _credentials(spec["components"]["securitySchemes"], operation)
                yield from _operation(server, path, method, operation, credentials)
    yield "<h2>schemas</h2>"
    for name, schema in schemas.items():
        yield f'<section id="{escape(name)}"><h3>{escape(name)}</h3>{_code(schema)}</section>'


def _operation(server: str, path: str, method: str, operation: Json, credentials: list[str]) -> Iterator[str]:
    yield f'<section id="{escape(operation["operationId"])}"><h3>{escape(operation["summary"])}</h3>'
    yield f'<p><code><span class="method">{method}</span> {escape(path)}</code></p>'
    yield f"<p>{escape(operation.get('description', ''))}</p>"
    content = operation.get("requestBody", {}).get("content", {})
    yield f"<pre>{escape(_curl(server, path, method, credentials, _example(content)))}</pre>"
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>parameter<th>in<th>type<th></tr>"
        for each in parameters:
            kind = escape(str(each["schema"].get("type", "")))
            required = "required" if each.get("required") else "optional"
            yield f"<tr><td><code>{escape(each['name'])}</code><td>{each['in']}<td>{kind}<td>{required}</tr>"
        yield "</table>"
    yield "<table><tr><th>status<th>meaning<th>body</tr>"
    for status, response in operation["responses"].items():
        yield f"<tr><td>{status}<td>{escape(response['description'])}<td>"
        yield from _body(response.get("content", {}))
        yield "</tr>"
    yield "</table></section>"


def _body(content: Json) -> Iterator[str]:
    for kind, media in content.items():
        schema = media.get("schema")
        if schema is None:
            yield f"<p>or <code>{escape(kind)}</code></p>"
        elif reference := schema.get("$ref"):
            name = escape(reference.rpartition("/")[2])
            yield f'<a href="#{name}">{name}</a>'
        else:
            yield f"<details><summary>schema</summary>{_code(schema)}</details>"
        for example in media.get("examples", {}).values():
            summary = escape(example["summary"])
            yield f"<details><summary>{summary}</summary>{_code(example['value'])}</details>"


def _example(content: Json) -> Any:
    """First example of a request body, or None where there is no body."""
    for media in content.values():
        return next(iter(media["schema"].get("examples", [])), None)
    return None


def _credentials(schemes: Json, operation: Json) -> list[str]:
    """Headers with a key, as the operation's security schemes want them."""
    wanted = [schemes[name] for one in operation.get("security", ()) for name in one]
    return [
        f"{scheme['name']}: $TRIREME_KEY"
        if scheme["type"] == "apiKey"
        else "authorization: Bearer $TRIREME_KEY"
        for scheme in wanted
    ]


def _curl(server: str, path: str, method: str, headers: list[str], body: Any) -> str:
    lines = [f"curl {server}{path}" if method == "get" else f"curl -X {method.upper()} {server}{path}"]
    lines += [f'-H "{header}"' for header in headers]
    if body is not None:
        lines += ['-H "content-type: application/json"', f"-d '{json.dumps(body)}'"]
    return " \\\n  ".join(lines)


def _code(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"

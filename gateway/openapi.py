"""The OpenAPI description: what it says about the whole, and where it is served."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from litestar import get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, Example, SecurityScheme, Tag
from litestar.params import Body, BodyKwarg
from litestar.response import Redirect

from gateway.docs import DocsPage

API_KEY = "x-api-key"
"""Name of the security scheme whose key travels alone in that header."""

BEARER = "bearer"
"""Name of the security scheme whose key travels as `Authorization: Bearer KEY`."""

DOCS = "/docs"


@get("/openapi.json", include_in_schema=False)
async def openapi_at_the_root() -> Redirect:
    """Lead those to the description who look for it where OpenGateLLM and many others have theirs."""
    return Redirect(f"{DOCS}/openapi.json")


def openapi_config() -> OpenAPIConfig:
    """Description at `/docs/openapi.json`, page for people at `/docs`."""
    return OpenAPIConfig(
        title="Trireme",
        version=version("trireme"),
        summary="Models on NVIDIA Triton, served through documented REST APIs.",
        description=(
            "Every answer carries `x-request-id`; answers of tasks carry `Server-Timing`, the milliseconds "
            "of each stage (auth, tokenise, decode, queue, triton, encode). A 503 carries `Retry-After` in "
            "seconds."
        ),
        path=DOCS,
        use_handler_docstrings=True,
        render_plugins=[DocsPage()],
        tags=[
            Tag("tasks", "Put a model to work."),
            Tag("inference", "Put a model to work, as OpenAI's API does."),
            Tag("kserve", "Send tensors through a model, as Triton's own clients do."),
            Tag("models", "Look at models and delete them."),
            Tag("builds", "How models come to be: stages, logs, reports."),
            Tag("deployments", "Which version answers: promote, divide, copy, roll back."),
            Tag("auth", "Log in with e-mail and password."),
            Tag("me", "Look at yourself and your keys, and change them."),
            Tag("admin", "Organizations, roles, users, tokens and the audit log; for administrators."),
            Tag("monitoring", "What has been counted; for those who may read it."),
            Tag("health", "For load balancers and people on call; no key is needed."),
        ],
        components=Components(
            security_schemes={
                API_KEY: SecurityScheme(
                    type="apiKey", name="x-api-key", security_scheme_in="header", description="Your API key."
                ),
                BEARER: SecurityScheme(type="http", scheme="bearer", description="Your API key."),
            }
        ),
    )


def request_body(title: str, **examples: Mapping[str, Any]) -> BodyKwarg:
    """Documentation of a request's body; see `named` for the examples."""
    body: BodyKwarg = Body(title=title, examples=named(examples))
    return body


def named(examples: Mapping[str, Mapping[str, Any]]) -> list[Example]:
    """Examples by name; underscores in the names become spaces."""
    return [Example(summary=name.replace("_", " "), value=value) for name, value in examples.items()]

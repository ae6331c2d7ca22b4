"""Has Schemathesis ask a server for all that it describes, and hold it to what it says."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Self

import httpx


async def keeps_to_description(location: str, folder: Path, *options: str) -> None:
    """Fail with what Schemathesis has found, if anything.

    Args:
        location: address or file of the description.
        folder: where it may write.

    """
    run = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("schemathesis")), "run", location, "--no-color"),
        *("--checks", "all", "--seed", "1", *options),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await run.communicate()
    assert run.returncode == 0, output.decode()


class Narrowed:
    """Some paths of a server's description, whose right values are those that a test's models take."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._schemas = description["components"]["schemas"]
        self._paths = description["paths"]
        self._whole = {**description, "paths": {}}

    @classmethod
    async def of(cls, client: httpx.AsyncClient) -> Self:
        """What a server says of itself, with none of its paths."""
        return cls((await client.get("/docs/openapi.json")).json())

    def take(self, *paths: str, **values: object) -> None:
        """Take paths, and for parameters and fields of bodies with these names the one right value."""
        for path in paths:
            self._whole["paths"][path] = self._paths[path]
            for operation in self._paths[path].values():
                for parameter in operation.get("parameters", ()):
                    if parameter["name"] in values:
                        parameter["schema"] = {"enum": [values[parameter["name"]]]}
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    self._narrow(content["schema"], values)

    def write(self, folder: Path) -> str:
        """Path of a file with it."""
        file = folder / "openapi.json"
        file.write_text(json.dumps(self._whole))
        return str(file)

    def _narrow(self, schema: dict[str, Any], values: dict[str, object]) -> None:
        schema = self._schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        fields = schema["properties"]
        here = {name: value for name, value in values.items() if name in fields}
        for name, value in here.items():
            a_file = {key: fields[name][key] for key in ("contentMediaType",) if key in fields[name]}
            fields[name] = {**a_file, "enum": [value]}
        schema["examples"] = [{**example, **here} for example in schema.get("examples", ())]

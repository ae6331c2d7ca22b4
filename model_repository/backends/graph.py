"""What Triton tells a backend about the model that it is to run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Graph:
    """A model to open.

    Attributes:
        path: the graph's file in the version's folder.
        parameters: of `config.pbtxt`.

    """

    path: Path
    parameters: dict[str, str]

    @classmethod
    def of(cls, args: dict[str, str]) -> Self:
        """From the arguments of `TritonPythonModel.initialize`."""
        config = json.loads(args["model_config"])
        return cls(
            path=Path(args["model_repository"], args["model_version"], config["default_model_filename"]),
            parameters={key: value["string_value"] for key, value in config["parameters"].items()},
        )

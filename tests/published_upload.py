"""Uploads a model with the vendor's client, unmodified, to another address; a process of its own.

Arguments: the client's folder, the server's address, a key, the model's name, a folder to work in.
"""

import os
import sys
from types import ModuleType, SimpleNamespace

from published_client import Stubs


class Echo:
    """A model of its author's own code."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.description = "says what it is given"
        self.tasks = ["custom"]
        self.details = {"kind": "echo"}
        self.model = self

    def __call__(self, params: dict[str, object], task: str) -> object:
        return params


def main() -> None:
    folder, address, key, name, work = sys.argv[1:]
    installed = ModuleType("pkg_resources")
    installed.get_distribution = lambda package: SimpleNamespace(version="1.0")  # type: ignore[attr-defined]
    sys.modules["pkg_resources"] = installed
    sys.meta_path.insert(0, Stubs())
    sys.path.insert(0, folder)
    import requests  # noqa: PLC0415 - after the stubs

    post = requests.post
    requests.post = lambda url, **more: post(url.replace("https://api.backprop.co", address), **more)
    import backprop  # noqa: PLC0415

    os.chdir(work)
    backprop.upload(Echo(name), path=work, api_key=key)


if __name__ == "__main__":
    main()

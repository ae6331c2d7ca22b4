"""Runs calls of the vendor's client, unmodified, against another address; a process of its own.

Arguments: the client's folder, the server's address, a key. Standard input holds a JSON list of calls, each
`[class, arguments of __init__, arguments of the call]`; standard output gets the list of what they returned,
or of `{"error": text}` for what they raised. Images are paths.
"""

import json
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

HEAVY = {
    *("torch", "transformers", "pytorch_lightning", "sentence_transformers", "efficientnet_pytorch"),
    *("torchvision", "ftfy", "pkg_resources", "kiri", "tqdm", "regex"),
}
"""What its local models need and its calls do not."""


class Anything(type):
    """A class that has every attribute, each a class like it; its objects decorate without effect."""

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        made = {"__init__": lambda self, *_, **__: None, "__call__": lambda self, decorated, *_: decorated}
        return Anything(name, (), made)


class Stub(ModuleType):
    __path__ = ()

    def __getattr__(self, name: str) -> type:
        return getattr(Anything("Nothing", (), {}), name)


class Stubs(MetaPathFinder, Loader):
    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in HEAVY else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return Stub(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def main() -> None:
    folder, address, key = sys.argv[1:]
    sys.meta_path.insert(0, Stubs())
    sys.path.insert(0, folder)
    import requests  # noqa: PLC0415 - after the stubs

    post = requests.post
    requests.post = lambda url, **more: post(url.replace("https://api.backprop.co", address), **more)
    import backprop  # noqa: PLC0415

    results = []
    for name, made, called in json.load(sys.stdin):
        try:
            task = getattr(backprop, name)(**made, api_key=key)
            results.append(task(**called))
        except Exception as error:  # noqa: BLE001 - the client raises nothing more precise
            results.append({"error": str(error)})
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()

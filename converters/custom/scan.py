"""Looks into a pickle without running it, and writes into the log what it would import."""

import logging
from pathlib import Path

from picklescan.scanner import SafetyLevel, scan_pickle_bytes

from converters.causes import in_one_line
from converters.spec import ConversionError

log = logging.getLogger(__name__)


def report_pickle(path: Path) -> None:
    """Log every global that the pickle names, with the scanner's judgement.

    Dangerous ones are reported and not refused: code of authors may do what it likes where it runs, and a
    model's own module could hide the same from any scanner.

    Raises:
        ConversionError: the file cannot be scanned, so it is no pickle or hides what it is.

    """
    hint = "Write it with dill.dump(model, file), and upload what that wrote."
    if not path.stat().st_size:
        raise ConversionError(f"{path.name} is empty", hint=hint)
    try:
        with path.open("rb") as file:
            found = scan_pickle_bytes(file, path.name, multiple_pickles=False)
    except Exception as error:  # the scanner reads what a stranger wrote
        raise ConversionError(f"{path.name} is no pickle: {in_one_line(error)}", hint=hint) from error
    if found.scan_err:
        raise ConversionError(f"{path.name} is no pickle, or is damaged", hint=hint)
    for each in found.globals:
        level = logging.WARNING if each.safety is SafetyLevel.Dangerous else logging.INFO
        log.log(level, "%s imports %s.%s: %s", path.name, each.module, each.name, each.safety.value)
    log.info("%s names %d globals, %d of them dangerous", path.name, len(found.globals), found.issues_count)

"""Which lines of an author's `requirements.txt` pip ever sees."""

from pathlib import Path

import pytest

from converters.custom.requirements import LARGEST, read_requirements
from converters.spec import ConversionError


def read(tmp_path: Path, content: str | bytes) -> tuple[str, ...]:
    path = tmp_path / "requirements.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_requirements(path)


def test_spelling_order_and_comments_do_not_matter(tmp_path: Path) -> None:
    one = read(tmp_path, "\ufeffnumpy >= 1.2, <3 # numbers\r\n\r\n# nothing\nbackprop==0.1.3")
    two = read(tmp_path, "backprop==0.1.3\nnumpy<3,>=1.2\nnumpy<3,>=1.2\n")
    assert one == two == ("backprop==0.1.3", "numpy<3,>=1.2")


def test_a_file_may_be_empty(tmp_path: Path) -> None:
    assert read(tmp_path, "\n  \n") == ()


def test_extras_and_markers_are_kept_and_lines_may_go_on(tmp_path: Path) -> None:
    assert read(tmp_path, 'httpx[http2] \\\n >=0.27; python_version > "3.8"\n') == (
        'httpx[http2]>=0.27; python_version > "3.8"',
    )


@pytest.mark.parametrize(
    "content",
    [
        "-e .",
        "--extra-index-url=http://elsewhere",
        "six --hash=sha256:0",
        "six @ https://elsewhere/six.whl",
        "https://elsewhere/six.whl",
        "./six.whl",
        "six\\\n--index-url=http://elsewhere",
        "six; import os",
        b"\xff\xfe",
        "#" * (LARGEST + 1),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(ConversionError, match=r"^requirements\.txt "):
        read(tmp_path, content)

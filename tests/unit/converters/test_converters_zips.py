"""Zips that were not made by a friend."""

import stat
import zipfile
from pathlib import Path

import pytest
import zips
from hypothesis import example, given
from hypothesis import strategies as st
from zips import write_zip

from converters.spec import ConversionError
from converters.zips.names import Names, what_is_wrong
from converters.zips.reading import ArchiveLimits
from converters.zips.unpacking import unpack

ZEROS = bytes(1 << 20)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "a.zip"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def ignore(_percent: float, _message: str) -> None:
    pass


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def refusal(archive: Path, target: Path, limits: ArchiveLimits | None = None) -> str:
    with pytest.raises(ConversionError) as caught:
        unpack(archive, target, ignore, limits or ArchiveLimits())
    assert caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_files_are_unpacked(archive: Path, target: Path, method: int) -> None:
    write_zip(archive, ("config.json", b"{}"), ("a/b/weights", ZEROS), ("empty/", b""), method=method)
    unpack(archive, target, ignore)
    assert files(target) == {"config.json": b"{}", "a/b/weights": ZEROS}


def test_one_top_folder_is_left_out_and_what_desktops_add(archive: Path, target: Path) -> None:
    write_zip(
        archive,
        ("model/", b""),
        ("model/config.json", b"{}"),
        ("model/onnx/model.onnx", b"x"),
        ("model/.DS_Store", b"x"),
        ("__MACOSX/model/._config.json", b"x"),
    )
    unpack(archive, target, ignore)
    assert files(target) == {"config.json": b"{}", "onnx/model.onnx": b"x"}


def test_two_top_folders_stay(archive: Path, target: Path) -> None:
    unpack(write_zip(archive, ("a/x", b"1"), ("b/x", b"2")), target, ignore)
    assert files(target) == {"a/x": b"1", "b/x": b"2"}


def test_an_empty_zip_is_told(archive: Path, target: Path) -> None:
    assert refusal(write_zip(archive), target) == "the zip is empty"


def test_a_zip_inside_is_a_file(archive: Path, target: Path, tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", ("zeros", ZEROS)).read_bytes()
    unpack(write_zip(archive, ("inner.zip", inner)), target, ignore)
    assert files(target) == {"inner.zip": inner}


def test_zip64_is_read(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive, "w") as made, made.open("big", "w", force_zip64=True) as file:
        file.write(b"content")
    unpack(archive, target, ignore)
    assert files(target) == {"big": b"content"}


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("/etc/passwd", "absolute path"),
        ("../up", "leads out"),
        ("a/../../up", "leads out"),
        ("a//b", "empty part"),
        ("./a", "empty part"),
        ("c:/windows", "has : in its name"),
        ("a\\..\\b", r"has \\ in its name".replace("\\\\", "\\")),
        ("nul\0.txt", "cannot be shown"),
        ("line\nbreak", "cannot be shown"),
        ("\u202egnp.exe", "cannot be shown"),
        ("CON", "name of a device"),
        ("a/com1.txt", "name of a device"),
        ("aux .json", "name of a device"),
        ("dot.", "dot or a space"),
        ("space /a", "dot or a space"),
        ("a" * 256, "too long a name"),
        ("/".join(["d"] * 40), "too long a path"),
    ],
)
def test_odd_names_are_refused_and_shown(archive: Path, target: Path, name: str, cause: str) -> None:
    write_zip(archive, ("fine", b"1"), (name.replace("\0", "~"), b"2"))
    if "\0" in name:
        archive.write_bytes(archive.read_bytes().replace(b"nul~", b"nul\0"))
    message = refusal(archive, target)
    assert cause in message
    assert ascii(name[:200]) in message
    assert files(target) == {}


@pytest.mark.parametrize(
    ("names", "cause"),
    [
        (("a", "a"), "is there twice"),
        (("a", "A"), "only in its letters' case"),
        (("d/x", "D/y"), "only in its letters' case"),
        (("\u00e9", "e\u0301"), "only in its letters' case or form"),
        (("\ufb01le", "file"), "only in its letters' case or form"),
        (("a", "a/b"), "which is a file"),
        (("a/b", "a"), "is a file and a folder"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_may_be_the_same_file_are_refused(
    archive: Path, target: Path, names: tuple[str, str], cause: str
) -> None:
    message = refusal(write_zip(archive, *((name, b"x") for name in names)), target)
    assert cause in message
    assert files(target) == {}


@pytest.mark.parametrize(
    ("mode", "cause"),
    [(stat.S_IFLNK, "is a link"), (stat.S_IFIFO, "neither a file"), (stat.S_IFCHR, "neither a file")],
)
def test_only_plain_files(archive: Path, target: Path, mode: int, cause: str) -> None:
    assert cause in refusal(write_zip(archive, (zips.with_mode("l", mode | 0o777), b"/etc")), target)


def test_encrypted_files_are_refused(archive: Path, target: Path) -> None:
    write_zip(archive, ("secret", b"x"))
    zips.patched(archive, zips.directory(archive) + 8, b"\x01\x00")
    assert "'secret', which is encrypted" in refusal(archive, target)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_compressions_are_refused(archive: Path, target: Path, method: int) -> None:
    assert "than deflate" in refusal(write_zip(archive, ("x", b"x"), method=method), target)


def test_a_bomb_is_refused_by_its_ratio_before_anything_is_written(archive: Path, target: Path) -> None:
    write_zip(archive, *((f"zeros{number}", ZEROS) for number in range(4)))
    message = refusal(archive, target, ArchiveLimits(free_bytes=1000))
    assert "unpacks to 4194304 bytes" in message
    assert "'zeros0'" in message
    assert files(target) == {}


def test_more_bytes_or_files_than_may_be_are_refused(archive: Path, target: Path) -> None:
    write_zip(archive, ("a", b"12345"), ("b", b"12345"), method=zipfile.ZIP_STORED)
    assert "unpacks to 10 bytes, more than the 9" in refusal(archive, target, ArchiveLimits(bytes=9))
    assert "holds 2 entries, more than 1" in refusal(archive, target, ArchiveLimits(entries=1))


def test_entries_that_share_bytes_are_refused(archive: Path, target: Path) -> None:
    zips.overlapping(archive, [f"n{number}" for number in range(50)], ZEROS)
    assert "overlaps" in refusal(archive, target)
    assert files(target) == {}


def test_a_file_that_is_longer_than_it_says_is_not_written_on(archive: Path, target: Path) -> None:
    zips.resized(write_zip(archive, ("zeros", ZEROS)), 100)
    refusal(archive, target)
    assert all(len(content) <= 100 for content in files(target).values())


def test_a_file_that_is_shorter_than_it_says_is_refused(archive: Path, target: Path) -> None:
    zips.resized(write_zip(archive, ("zeros", ZEROS)), 1 << 21)
    assert "not as long as it says" in refusal(archive, target)


def test_a_wrong_checksum_is_told(archive: Path, target: Path) -> None:
    write_zip(archive, ("text", b"some content"), method=zipfile.ZIP_STORED)
    zips.patched(archive, archive.read_bytes().index(b"some"), b"SOME")
    assert "damaged: Bad CRC-32 for file 'text'" in refusal(archive, target)


def test_broken_compression_is_told(archive: Path, target: Path) -> None:
    write_zip(archive, ("text", bytes(range(256)) * 40))
    zips.patched(archive, 40, b"\xff" * 20)
    assert "is damaged" in refusal(archive, target)


def test_every_truncation_is_refused(archive: Path, target: Path, tmp_path: Path) -> None:
    whole = write_zip(archive, ("text", b"content"), ("more", ZEROS)).read_bytes()
    cut = tmp_path / "cut.zip"
    for length in range(0, len(whole), 7):
        cut.write_bytes(whole[:length])
        refusal(cut, target)
    assert files(target) == {}


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + bytes(100), b"\x1f\x8b" + bytes(100)])
def test_no_zip(archive: Path, target: Path, content: bytes) -> None:
    archive.write_bytes(content)
    assert "damaged" in refusal(archive, target)


def test_a_directory_too_large_for_the_memory_is_not_read(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive, "w") as made:
        for number in range(80):
            info = zipfile.ZipInfo(f"n{number}")
            info.comment = b"c" * 0xFFFF
            made.writestr(info, b"")
    assert "directory of more than" in refusal(archive, target)


def test_what_is_there_already_is_not_overwritten(archive: Path, target: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("mine")
    (target / "x").symlink_to(tmp_path / "outside")
    with pytest.raises(FileExistsError):
        unpack(write_zip(archive, ("x", b"1"), ("y", b"2")), target, ignore)
    assert (tmp_path / "outside").read_text() == "mine"


@given(st.text() | st.text(alphabet="a./\\ \0:~\n", max_size=9))
@example("..")
@example("a/..")
@example("\udcff")
def test_what_may_be_is_a_plain_path_inside(path: str) -> None:
    if what_is_wrong(path) is None:
        inside = Path("/root") / path
        assert inside.is_relative_to("/root")
        assert ".." not in inside.parts
        assert inside.as_posix() == f"/root/{path}"
        assert path.isprintable()
        path.encode()


@given(
    st.lists(
        st.text(alphabet="aAbB/\u00e9\u0301e", min_size=1, max_size=5).filter(lambda n: not what_is_wrong(n))
    )
)
def test_no_two_names_are_one_file_on_any_system(paths: list[str]) -> None:
    names = Names()
    taken = [path for path in dict.fromkeys(paths) if names.add(path, folder=False) is None]
    assert len({path.casefold() for path in taken}) == len(taken)
    folders = {path.rpartition("/")[0].casefold() for path in taken}
    assert not folders & {path.casefold() for path in taken}

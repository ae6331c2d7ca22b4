"""Which names a zip may have inside: those that mean the same file on every system, and only inside."""

import re
import unicodedata

LONGEST_NAME = 255
LONGEST_PATH = 1024
DEEPEST_PATH = 32
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])([ .].*)?", re.IGNORECASE)
"""Names that Windows takes for devices, whatever the extension."""

_ODD = frozenset('\\:*?"<>|')


def what_is_wrong(path: str) -> str | None:
    """Why a file may not have this path, in a few words, or None where it may."""
    parts = path.split("/")
    odd = _ODD & set(path)
    wrong = {
        "has no name": not path,
        "has characters in its name that cannot be shown": not path.isprintable(),
        "has an absolute path": path.startswith("/"),
        f"has {min(odd, default='')} in its name": bool(odd),
        "leads out of the folder": ".." in parts,
        "has an empty part in its path": "" in parts or "." in parts,
        "has too long a path": len(parts) > DEEPEST_PATH or _size(path) > LONGEST_PATH,
        "has too long a name": max(map(_size, parts)) > LONGEST_NAME,
        "has a dot or a space at the end of a name": any(part != part.rstrip(". ") for part in parts),
        "has the name of a device": any(map(_DEVICE.fullmatch, parts)),
    }
    return next((words for words, applies in wrong.items() if applies), None)


def _size(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


class Names:
    """The names of one archive: no two may be the same file anywhere, and no file a folder of another."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        self._folders: dict[str, str] = {}

    def add(self, path: str, *, folder: bool) -> str | None:
        """Take a name in.

        Returns:
            why it may not be there, in a few words, or None where it may.

        """
        parts = path.split("/")
        parents = ["/".join(parts[:length]) for length in range(1, len(parts) + folder)]
        for parent in parents:
            key = _key(parent)
            if self._folders.setdefault(key, parent) != parent:
                return f"differs from {self._folders[key]} only in its letters' case or form"
            if key in self._files:
                return f"lies in {self._files[key]}, which is a file"
        if folder:
            return None
        key = _key(path)
        if key in self._folders:
            return "is a file and a folder"
        if (other := self._files.setdefault(key, path)) != path:
            return f"differs from {other} only in its letters' case or form"
        return None


def _key(path: str) -> str:
    """What a file system may take for the same name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())

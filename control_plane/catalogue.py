"""Catalogues name the built-in models of a site. Two TOML files are shipped; a site may write its own.

What gateways serve from, `control_plane.catalog`, is another thing: all models and keys as of one moment.
"""

import tomllib
from collections.abc import Collection, Mapping, Set
from functools import cache
from pathlib import Path

import msgspec

from control_plane.errors import CatalogueError
from model_repository.manifest import Task

SHIPPED = ("starter", "full")
NONE = "none"
_FOLDER = Path(__file__).with_name("catalogues")


class CatalogueModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One built-in model; see `control_plane.models.schemas.NewModel`."""

    name: str
    source: str
    tasks: tuple[Task, ...]
    sha256: str | None = None
    description: str = ""
    aliases: dict[Task, tuple[str, ...]] = {}


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The models of a catalogue in the order in which they are built."""

    models: tuple[CatalogueModel, ...]


def load_catalogue(name_or_path: str) -> Catalogue:
    """A shipped catalogue by name (`starter`, `full`, `none`), or a site's own by the path of its TOML file.

    Raises:
        CatalogueError: no such catalogue, or its content is not understood.

    """
    shipped = name_or_path in (*SHIPPED, NONE)
    path = _FOLDER / f"{name_or_path}.toml" if shipped else Path(name_or_path)
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), Catalogue)
    except FileNotFoundError as error:
        raise CatalogueError(
            f"there is no catalogue {name_or_path}",
            hint=f"Use {' or '.join(SHIPPED)}, or the path of a TOML file.",
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise CatalogueError(f"catalogue {name_or_path} cannot be read: {error}") from error


def missing_messages(
    *, names: Set[str], aliases: Collection[tuple[Task, str]]
) -> Mapping[tuple[Task, str], str]:
    """How to get each name that a shipped catalogue knows and this site lacks.

    Args:
        names: built-in models of this site.
        aliases: their aliases.

    """
    return {
        (task, name): hint
        for (task, name), hint in _shipped_hints().items()
        if name not in names and (task, name) not in aliases
    }


@cache
def _shipped_hints() -> Mapping[tuple[Task, str], str]:
    hints: dict[tuple[Task, str], str] = {}
    for catalogue in SHIPPED:
        for model in load_catalogue(catalogue).models:
            for task in model.tasks:
                for name in (model.name, *model.aliases.get(task, ())):
                    hints.setdefault((task, name), _hint(catalogue, model, task, name))
    return hints


def _hint(catalogue: str, model: CatalogueModel, task: Task, name: str) -> str:
    words = ["trireme models add", model.source, "--name", model.name]
    words += [f"--task {task}" for task in model.tasks]
    if name != model.name:
        words += ["--alias", f"{task}={name}"]
    if model.sha256 is not None:
        words += ["--sha256", model.sha256]
    return (
        f"It is not installed here: `{' '.join(words)}` adds it, or restart with "
        f"`trireme serve --catalogue {catalogue}`."
    )

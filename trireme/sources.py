"""Where settings come from.

Sources, weakest first: defaults, environment (`TRIREME_*`), a TOML file, flags. A setting has one dotted
name, such as `gateway.port`: `TRIREME_GATEWAY_PORT` in the environment, `port` under `[gateway]` in TOML.
A few have a short name beside it (`TRIREME_PORT`, `port`). A name that nobody knows is an error.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from trireme.settings import Settings, SettingsError

PREFIX = "TRIREME_"

CLIENT_VARIABLES = frozenset({"TRIREME_URL", "TRIREME_KEY"})
"""What commands that speak to a gateway read; no settings."""

SHORT_NAMES = {
    "host": "gateway.host",
    "port": "gateway.port",
    "scheduler": "jobs.scheduler",
}


def load(
    *,
    config: Path | None = None,
    flags: Mapping[str, object] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Settings from all sources.

    Args:
        config: TOML file, or None.
        flags: dotted or short name to value; None values count as not given.
        environment: usually `os.environ`.

    Raises:
        SettingsError: an unknown name (the message offers the nearest known one) or an unusable value.

    """
    known = dict(leaves(Settings))
    values: dict[str, object] = {}
    values.update(_from_environment(environment, known))
    if config is not None:
        values.update(_from_toml(config, known))
    for name, value in (flags or {}).items():
        if value is not None:
            values[_resolve(name, known, shown=f"--{name}")] = value
    return _build(values, known)


def environment_name(name: str) -> str:
    """Variable that sets a dotted name: `gateway.port` is `TRIREME_GATEWAY_PORT`."""
    return PREFIX + name.replace(".", "_").upper()


def to_environment(settings: Settings) -> dict[str, str]:
    """Variables from which another process loads the same settings; the root key stays out."""
    variables: dict[str, str] = {}
    for name, _ in leaves(Settings):
        value: Any = settings
        for part in name.split("."):
            value = getattr(value, part)
        if value is None or name == "root_key":
            continue
        variables[environment_name(name)] = written(value)
    return variables


def leaves(kind: type, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted name and type of every setting below a dataclass."""
    hints = get_type_hints(kind)
    for item in fields(kind):
        hint = hints[item.name]
        if is_dataclass(hint):
            yield from leaves(hint, f"{prefix}{item.name}.")  # type: ignore[arg-type]  # a class, not an instance
        else:
            yield prefix + item.name, hint


def _from_environment(environment: Mapping[str, str], known: Mapping[str, Any]) -> dict[str, object]:
    by_variable = {environment_name(name): name for name in (*known, *SHORT_NAMES)}
    values: dict[str, object] = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable in CLIENT_VARIABLES:
            continue
        if variable not in by_variable:
            raise SettingsError(f"unknown setting {variable}", hint=_nearest(variable, by_variable))
        name = by_variable[variable]
        values[SHORT_NAMES.get(name, name)] = value
    return values


def _from_toml(path: Path, known: Mapping[str, Any]) -> dict[str, object]:
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    return {
        _resolve(name, known, shown=f"{name} in {path}"): value for name, value in _flatten(document, known)
    }


def _flatten(
    table: Mapping[str, object], known: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        name = prefix + key
        if isinstance(value, Mapping) and name not in known:
            yield from _flatten(value, known, f"{name}.")
        else:
            yield name, value


def _resolve(name: str, known: Mapping[str, Any], *, shown: str) -> str:
    full = SHORT_NAMES.get(name, name)
    if full not in known:
        raise SettingsError(f"unknown setting {shown}", hint=_nearest(name, (*known, *SHORT_NAMES)))
    return full


def _nearest(name: str, candidates: Mapping[str, object] | tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, list(candidates), n=1, cutoff=0.0)
    return f"did you mean {close[0]}?"


def _build(values: Mapping[str, object], known: Mapping[str, Any]) -> Settings:
    nested: dict[str, Any] = {}
    for name, value in values.items():
        *sections, leaf = name.split(".")
        target = nested
        for section in sections:
            target = target.setdefault(section, {})
        if value == "" and NoneType in get_args(known[name]):
            continue  # as variables are emptied in a file of them
        target[leaf] = _read(value, known[name]) if isinstance(value, str) else value
    try:
        return msgspec.convert(nested, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise SettingsError(f"setting {path.rstrip('`')}: {reason[:1].lower()}{reason[1:]}") from error


def _read(text: str, kind: Any) -> object:
    """A value from a source that only has strings: lists as `a,b`, tables as `a=1,b=2`."""
    container = get_origin(kind)
    if container is tuple:
        return _items(text)
    if container is Mapping:
        return dict(item.partition("=")[::2] for item in _items(text))
    return text


def written(value: object) -> str:
    """A value as the environment would give it: lists as `a,b`, tables as `a=1,b=2`."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, Mapping):
        return ",".join(f"{key}={item}" for key, item in value.items())
    return str(value)


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _decode(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str | Path):
        return Path(value).expanduser()
    raise TypeError(f"expected {kind.__name__}, got {value!r}")

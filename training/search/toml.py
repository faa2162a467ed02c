"""A configuration as a TOML file."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from training.config import Config

BARE_KEY_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def to_toml(config: Config) -> str:
    """Return the keys that the configuration sets as TOML, from which the same fit follows.

    The keys of the search and of the cross-validation are left out.
    """
    content = config.model_dump(mode="json", exclude_unset=True, exclude_none=True, exclude={"search", "validation"})
    return "\n".join(_table((), content)) + "\n"


def _table(path: tuple[str, ...], content: Mapping[str, Any]) -> Iterator[str]:
    values = {name: value for name, value in content.items() if not isinstance(value, dict)}
    if path and values:
        yield f"\n[{'.'.join(map(_key, path))}]"
    for name, value in values.items():
        yield f"{_key(name)} = {_literal(value)}"
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _table((*path, name), value)


def _key(name: str) -> str:
    return name if name and set(name) <= BARE_KEY_CHARACTERS else _literal(name)


def _literal(value: Any) -> str:
    """Return a TOML literal: JSON writes strings, numbers, booleans and arrays alike, except for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

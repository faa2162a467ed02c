"""A configuration as the TOML file that gives it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from training.config import Config

BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def to_toml(config: Config) -> str:
    """What the configuration sets, but for how it was searched for and validated; reading it gives the same fit."""
    content = config.model_dump(mode="json", exclude_unset=True, exclude_none=True, exclude={"search", "validation"})
    return "\n".join(_table((), content)) + "\n"


def _table(path: tuple[str, ...], content: Mapping[str, Any]) -> Iterator[str]:
    values = {name: one for name, one in content.items() if not isinstance(one, dict)}
    if path and values:
        yield f"\n[{'.'.join(map(_key, path))}]"
    for name, value in values.items():
        yield f"{_key(name)} = {_text(value)}"
    for name, one in content.items():
        if isinstance(one, dict):
            yield from _table((*path, name), one)


def _key(name: str) -> str:
    return name if name and set(name) <= BARE else _text(name)


def _text(value: Any) -> str:
    """JSON writes strings, numbers, booleans and arrays as TOML does, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

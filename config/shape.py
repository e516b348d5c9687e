"""The shape of a model: which keys it knows at a place, and which of its values are secrets."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, Secret, SecretBytes, SecretStr

_SECRETS = (SecretStr, SecretBytes, Secret)


def keys_at(model: type[BaseModel], loc: Sequence[str | int]) -> set[str]:
    """The keys that the models at this place know; steps that are no keys (names of union members) are passed over."""
    here = list(_alternatives([model]))
    for step in loc:
        here = list(_alternatives(_inside(kind, step) for kind in here)) or here
    return {
        info.alias or name
        for kind in here
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        for name, info in kind.model_fields.items()
    }


def is_secret(model: type[BaseModel], path: Sequence[str | int]) -> bool:
    """Whether the value at the path may be held by a secret type."""
    here = list(_alternatives([model]))
    for step in path:
        here = list(_alternatives(_inside(kind, step) for kind in here))
    return any(isinstance(kind, type) and issubclass(get_origin(kind) or kind, _SECRETS) for kind in here)


def _alternatives(kinds: Iterable[Any]) -> Iterator[Any]:
    for kind in kinds:
        origin = get_origin(kind)
        if origin in (Union, types.UnionType):
            yield from _alternatives(get_args(kind))
        elif origin is Annotated:
            yield from _alternatives(get_args(kind)[:1])
        elif isinstance(kind, type) and issubclass(kind, RootModel):
            yield from _alternatives([kind.model_fields["root"].annotation])
        elif kind is not None:
            yield kind


def _inside(kind: Any, step: str | int) -> Any:
    origin = get_origin(kind)
    if isinstance(origin, type) and get_args(kind):
        return get_args(kind)[-1 if issubclass(origin, Mapping) else 0]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            if step in (name, info.alias):
                return info.annotation
    return None

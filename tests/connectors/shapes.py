"""Whether two answers are of one shape: a stand-in's beside its vendor's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def differences(ours: Any, theirs: Any, at: str = "") -> Iterator[str]:
    """Where the stand-in's answer has other keys or sorts of values than the vendor's; what is null or empty on either
    side fits everything."""
    if ours in (None, [], {}) or theirs in (None, [], {}):
        return
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for name in sorted({*ours} ^ {*theirs}):
            yield f"{at}.{name} is {'ours' if name in ours else 'theirs'} only"
        for name in sorted({*ours} & {*theirs}):
            yield from differences(ours[name], theirs[name], f"{at}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list):
        yield from differences(ours[0], theirs[0], f"{at}[0]")
    elif type(ours) is not type(theirs) and {type(ours), type(theirs)} != {int, float}:
        yield f"{at} is a {type(ours).__name__}, theirs a {type(theirs).__name__}"

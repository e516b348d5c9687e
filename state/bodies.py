"""Bodies of raw records: packed long after they were stored, and read as if they had never been.

A packed body is a mark, the id of the words that it was packed with, and raw DEFLATE (RFC 1951) with those words as
its preset dictionary. The words are names of fields only, so that nobody's data outlives their records in them. Only
SQLite keeps packed bodies: its columns hold either kind of value, and PostgreSQL compresses large values by itself.
See docs/adr/0027-size-retention-and-backups.md for what it saves and costs.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy import Connection, select

from state.database import insert_or_update
from state.tables import body_words

MARK = b"\x01"
DIGEST = 8
LEVEL = 6
MOST_WORDS = 30_000
"""Bytes: DEFLATE looks back no further than 32 KiB."""
COMMON = 3
"""Bodies of a sample that must share a field for its name to be among the words: no name of anybody is a field."""
FIELD = re.compile(r"[A-Za-z_$@][\w$.:@/-]{0,79}")

_WORDS: dict[bytes, bytes] = {}
"""Words by their digest, so that they are the same whatever database they came from."""


def text_of(c: Connection, body: str | bytes | None) -> str | None:
    """The body as JSON text, packed or not; None where there is none."""
    if body is None or isinstance(body, str):
        return body
    digest, packed = bytes(body[1 : 1 + DIGEST]), body[1 + DIGEST :]
    words = _WORDS.get(digest)
    if words is None:
        words = c.execute(select(body_words.c.words).where(body_words.c.id == digest.hex())).scalar_one()
        _WORDS[digest] = words
    return unpacked(packed, words)


def unpacked(packed: bytes, words: bytes) -> str:
    """What was packed with these words."""
    return zlib.decompressobj(-zlib.MAX_WBITS, words).decompress(packed).decode()


def pack(text: str, words: bytes) -> bytes:
    """The body as it is kept, packed with these words."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY, words)
    return MARK + _digest(words) + packer.compress(text.encode()) + packer.flush()


def keep_words(c: Connection, connection_id: str, stream: str, words: bytes) -> None:
    """Keeps the words, for whoever reads what is packed with them."""
    row = {"id": _digest(words).hex(), "connection_id": connection_id, "stream": stream, "words": words}
    insert_or_update(c, body_words, [row], ["id"])


def known_words(c: Connection, connection_id: str, stream: str) -> list[bytes]:
    """The words that bodies of this stream were packed with before."""
    mine = (body_words.c.connection_id == connection_id) & (body_words.c.stream == stream)
    return list(c.execute(select(body_words.c.words).where(mine).order_by(body_words.c.id)).scalars())


def words_for(bodies: Iterable[str]) -> bytes:
    """Words for bodies like these: a body of all the fields that several of them have, each without its value."""
    seen: Counter[tuple[str, ...]] = Counter()
    blank: dict[tuple[str, ...], str] = {}
    for text in bodies:
        for path, value in set(_fields(orjson.loads(text), ())):
            seen[path] += 1
            blank[path] = value
    tree: dict[str, Any] = {}
    for path, count in seen.items():
        if count >= COMMON:
            at = tree
            for name in path:
                at = at.setdefault(name, {})
    return _written(tree, (), blank).encode()[:MOST_WORDS]


def _fields(value: Any, path: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if FIELD.fullmatch(name):
                yield (*path, name), _blank(inner)
                yield from _fields(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from _fields(inner, path)


def _blank(value: Any) -> str:
    if isinstance(value, str):
        return '""'
    if isinstance(value, bool):
        return "false"
    return "null" if value is None else "[" if isinstance(value, list) else "0"


def _written(tree: Mapping[str, Any], path: tuple[str, ...], blank: Mapping[tuple[str, ...], str]) -> str:
    parts = []
    for name in sorted(tree):
        here = (*path, name)
        inner = _written(tree[name], here, blank) if tree[name] else blank[here]
        parts.append(f'"{name}":{inner}')
    return "{" + ",".join(parts) + "}"


def _digest(words: bytes) -> bytes:
    return blake2b(words, digest_size=DIGEST).digest()

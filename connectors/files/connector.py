"""Export files in a folder as a source: every known layout is a stream, anything else is mapped or reported."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.files.config import FilesConfig
from connectors.files.discovery import Export, Folder
from connectors.files.layouts.layout import Layout
from connectors.files.reading import PAGE_RECORDS, mark_of, pages, position
from mapping.contract import Account, Cursor, Page, Schema, SchemaField, Slice
from mapping.counts import many
from mapping.errors import ConfigError, RecordError
from mapping.mapper import Mapper

UNRECOGNISED = "unrecognised"
_NAMES_SHOWN = 3
_LONGEST_NAME = 40


class FilesConnector:
    """One folder, file or glob of exports."""

    writes = None
    hooks = None

    def __init__(self, config: FilesConfig, timezone: str = "UTC") -> None:
        self._config = config
        self._timezone = timezone
        self._folder = Folder(config, timezone)
        streams = [layout.stream for layout in self._folder.layouts.values()]
        if len(self._folder.layouts) != self._folder.declared or UNRECOGNISED in streams:
            raise ConfigError("two layouts share a stream's name, or one is called like a built-in stream")

    def check(self) -> Account:
        """The folder as an account; its name tells of a few files to which stream they belong.

        Raises ConfigError where the path is missing, ForbiddenError where a file may not be read.
        """
        exports = self._folder.exports()
        place = str(self._folder.path if self._folder.path.is_absolute() else self._folder.path.absolute())
        resolved = str(self._folder.path.resolve()) if self._folder.path.exists() else place
        hashed = hashlib.sha256(resolved.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        return Account(f"files:{self._config.system or hashed}", _summary(self._folder.path.name, exports))

    def streams(self) -> Sequence[Stream]:
        """Every stream, with or without files now, so that a stream whose files are gone can say so."""
        known = [self._stream(layout) for layout in self._folder.layouts.values()]
        return (*known, Stream(UNRECOGNISED, (), self._read_unrecognised))

    def _stream(self, layout: Layout) -> Stream:
        return Stream(layout.stream, layout.rules, self._reader(layout), describe=lambda: self._describe(layout))

    def _of(self, stream: str) -> list[Export]:
        return [x for x in self._folder.exports() if (x.layout.stream if x.layout else UNRECOGNISED) == stream]

    def _mark(self, exports: Sequence[Export], *more: str) -> str:
        config = self._config
        return mark_of(exports, config.model_dump_json(exclude={"path"}), *more)

    def _reader(self, layout: Layout) -> Callable[[Slice, Cursor | None], Iterator[Page]]:
        def read(_slice: Slice, cursor: Cursor | None) -> Iterator[Page]:
            exports = self._of(layout.stream)
            zone = [self._timezone] if layout.format == "ics" else []
            mark = self._mark(exports, layout.stream, str(layout.version), *zone)
            yield from pages(layout, exports, mark, self._config.system, cursor)

        return read

    def _read_unrecognised(self, _slice: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """An error for each file that is neither known nor mapped, told once until the file changes."""
        exports = self._of(UNRECOGNISED)
        mark = self._mark(exports, UNRECOGNISED)
        if cursor and position(cursor).mark == mark:
            yield Page(cursor=cursor)
            return
        done = Cursor(f'{{"mark":"{mark}","at":null}}')
        errors = [RecordError(_advice(export), remote_id=export.fingerprint.name) for export in exports]
        for start in range(0, len(errors) - PAGE_RECORDS, PAGE_RECORDS):
            yield Page(
                cursor=cursor, begins=bool(cursor) and not start, errors=tuple(errors[start : start + PAGE_RECORDS])
            )
        last = max(0, (len(errors) - 1) // PAGE_RECORDS * PAGE_RECORDS)
        yield Page(cursor=done, complete=True, begins=bool(cursor) and not last, errors=tuple(errors[last:]))

    def _describe(self, layout: Layout) -> Schema:
        """The columns that the stream's files have now, and whatever else the rules may find in a record: what the
        layout makes of the columns, and the properties of files that have none. Nothing where there is no file."""
        exports = self._of(layout.stream)
        if not exports:
            return Schema({})
        columns = [name for export in exports if export.source for name in export.source.columns]
        names = dict.fromkeys([*columns, *sorted(Mapper(layout.rules).reads())])
        absent = frozenset(names).difference(columns) if columns else frozenset[str]()
        return Schema({name: SchemaField(name, label=name, writable=False) for name in names}, absent)


def _summary(name: str, exports: Sequence[Export]) -> str:
    """The folder in words, with a few of its files: there may be thousands, and the name is shown in tables."""
    named = sorted(
        (export.layout.stream if export.layout else UNRECOGNISED, export.fingerprint.name) for export in exports
    )
    shown: dict[str, list[str]] = {}
    for stream, file in named[:_NAMES_SHOWN]:
        shown.setdefault(stream, []).append(file if len(file) <= _LONGEST_NAME else f"{file[: _LONGEST_NAME - 1]}…")
    told = [f"{stream}: {', '.join(files)}" for stream, files in shown.items()]
    more = len(named) - _NAMES_SHOWN
    told += [f"and {many(more, 'more file')}"] if more > 0 else []
    return f"{name} ({'; '.join(told) or 'no files'})"


def _advice(export: Export) -> str:
    name = export.fingerprint.name
    if not export.fingerprint.size:
        return f"{name}: {export.reason}. Export it again, or take it out of the folder"
    return (
        f"{name}: {export.reason}. Map it under 'layouts' in this connection's config, such as "
        f"mine: {{match: {name!r}, id: <column>, entities: [{{kind: person, fields: {{email: <column>}}}}]}}, "
        "or take it out of the folder"
    )


def _build(config: FilesConfig, runtime: Runtime, tokens: TokenStore) -> FilesConnector:
    return FilesConnector(config, runtime.timezone)


VENDOR = Vendor("files", "Export files", FilesConfig, _build)

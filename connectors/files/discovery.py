"""Which files there are, and which layout each is."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from connectors.files.config import FilesConfig, LayoutConfig
from connectors.files.formats.item import Source
from connectors.files.formats.tables import Head, head, looks_like_data
from connectors.files.layouts import LAYOUTS
from connectors.files.layouts.configured import configured
from connectors.files.layouts.layout import Cells, Layout, body_names
from connectors.files.text import SAMPLE_BYTES, Encoding, detect
from mapping.errors import ConfigError, ForbiddenError, TransientError

_SIGNATURES = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook: unpack it, or save it as CSV"),
    (b"\x1f\x8b", "a gzip archive: unpack it"),
    (b"%PDF", "a PDF"),
    (b"!BDN", "an Outlook data file: export it as CSV, or the mail as mbox"),
    (b"\xd0\xcf\x11\xe0", "an old Office document: save it as CSV"),
    (b"SQLite format 3", "a database"),
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells a file from its earlier self: name below the path, size, time, and a hash of both its ends."""

    name: str
    size: int
    mtime_ns: int
    ends: str

    @property
    def modified(self) -> datetime:
        """When the file was last written, in UTC."""
        return datetime.fromtimestamp(self.mtime_ns / 1e9, UTC)


@dataclass(frozen=True, slots=True)
class Export:
    """A file and what it is. ``layout`` is None for a file nobody knows; ``reason`` says then what it looks like."""

    path: Path
    fingerprint: Fingerprint
    layout: Layout | None
    source: Source | None
    reason: str = ""


class Folder:
    """The files behind a connection's path. What was found of a file is kept as long as its fingerprint holds."""

    def __init__(self, config: FilesConfig, timezone: str = "UTC") -> None:
        self._config = config
        self._timezone = timezone
        self._own = {name: configured(name, layout) for name, layout in config.layouts.items()}
        self._known: dict[Path, tuple[tuple[int, int], Export]] = {}
        self.path = Path(os.path.expanduser(config.path))

    @property
    def layouts(self) -> Mapping[str, Layout]:
        """Every layout by its stream: the built-in ones, then the admin's."""
        return {layout.stream: layout for layout in (*LAYOUTS, *self._own.values())}

    @property
    def declared(self) -> int:
        """How many layouts there are, also where two share a stream's name."""
        return len(LAYOUTS) + len(self._own)

    @property
    def root(self) -> Path:
        """The folder below which names are told: the path itself, or what stands before a glob's first wildcard."""
        if self.path.is_dir():
            return self.path.resolve()
        fixed = []
        for part in self.path.parent.parts:
            if glob.has_magic(part):
                break
            fixed.append(part)
        return Path(*fixed).resolve() if fixed else Path.cwd()

    def exports(self) -> list[Export]:
        """Every file with its layout, oldest first and by name where the time is equal.

        Raises ConfigError where the path is missing, ForbiddenError where it may not be read, TransientError where a
        file vanished while it was looked at.
        """
        found = [self._export(path) for path in self._paths()]
        self._known = {
            export.path: ((export.fingerprint.size, export.fingerprint.mtime_ns), export) for export in found
        }
        return sorted(found, key=lambda export: (export.fingerprint.mtime_ns, export.fingerprint.name))

    def _paths(self) -> list[Path]:
        try:
            if self.path.is_file():
                return [self.path.resolve()]
            if self.path.is_dir():
                paths = [Path(where, name) for where, _, names in os.walk(self.root, onerror=_refuse) for name in names]
            elif glob.has_magic(str(self.path)):
                paths = [Path(name).resolve() for name in glob.glob(str(self.path), recursive=True)]
            else:
                raise ConfigError(f"there is no file or folder {self._config.path!r}")
        except PermissionError:
            raise ForbiddenError(f"{self._config.path!r} may not be read by this user") from None
        except OSError as error:
            raise TransientError(f"{self._config.path!r} could not be listed: {error.strerror}") from None
        return [path for path in set(paths) if path.is_file() and not self._hidden(path)]

    def _hidden(self, path: Path) -> bool:
        """Leftovers of systems and editors (.DS_Store, ~$book.xlsx, Thumbs.db) are nobody's data."""
        parts = path.relative_to(self.root).parts if path.is_relative_to(self.root) else path.parts[-1:]
        return any(part.startswith((".", "~$")) for part in parts) or path.name.lower() in ("thumbs.db", "desktop.ini")

    def _export(self, path: Path) -> Export:
        try:
            stat = path.stat()
            known = self._known.get(path)
            if known and known[0] == (stat.st_size, stat.st_mtime_ns):
                return known[1]
            with path.open("rb") as handle:
                sample = handle.read(SAMPLE_BYTES)
                handle.seek(max(0, stat.st_size - SAMPLE_BYTES))
                ends = hashlib.sha256(sample + handle.read(SAMPLE_BYTES)).hexdigest()[:16]
            name = path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name
            return self._recognise(path, Fingerprint(name, stat.st_size, stat.st_mtime_ns, ends), sample)
        except FileNotFoundError:
            raise TransientError(f"the file {path.name!r} vanished while it was read") from None
        except PermissionError:
            raise ForbiddenError(f"the file {path.name!r} may not be read by this user") from None

    def _recognise(self, path: Path, fingerprint: Fingerprint, sample: bytes) -> Export:
        own = next((key for key, own in self._config.layouts.items() if _matches(fingerprint.name, own.match)), None)
        if own is not None:
            return self._as_configured(path, fingerprint, sample, own)
        if not sample:
            return Export(path, fingerprint, None, None, "it is empty")
        for signature, what in _SIGNATURES:
            if sample.startswith(signature):
                return Export(path, fingerprint, None, None, f"it is {what}")
        encoding = detect(sample, self._config.encoding, whole=fingerprint.size <= len(sample))
        opening = encoding.decode(sample[encoding.mark :]).lstrip()
        for layout in LAYOUTS:
            if layout.opens is not None and layout.opens(opening, path.name):
                return Export(path, fingerprint, layout, self._source(path, encoding))
        return self._table(path, fingerprint, encoding)

    def _as_configured(self, path: Path, fingerprint: Fingerprint, sample: bytes, key: str) -> Export:
        wanted: LayoutConfig = self._config.layouts[key]
        layout = self._own[key]
        encoding = detect(sample, self._config.encoding, whole=fingerprint.size <= len(sample))
        if wanted.format != "csv":
            return Export(path, fingerprint, layout, self._source(path, encoding))
        needed = {column for column in (*wanted.id_columns, wanted.changed_at) if column}

        def recognised(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
            return bool(needed) and needed <= set(header)

        found = head(path, encoding, recognised, self._config.delimiter, wanted.columns)
        missing = sorted(needed - set(found.header if found else ()))
        if missing:
            return Export(path, fingerprint, None, None, f"the layout {key!r} needs the column(s) {', '.join(missing)}")
        return Export(path, fingerprint, layout, self._source(path, encoding, found, layout))

    def _table(self, path: Path, fingerprint: Fingerprint, encoding: Encoding) -> Export:
        match: list[Layout] = []

        def recognised(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
            match[:] = [layout for layout in LAYOUTS if layout.format == "csv" and _is(layout, header, rows)][:1]
            return bool(match)

        found = head(path, encoding, recognised, self._config.delimiter)
        if found is not None and match and recognised(found.header, found.rows):
            return Export(path, fingerprint, match[0], self._source(path, encoding, found, match[0]))
        return Export(path, fingerprint, None, None, _unknown(found))

    def _source(
        self, path: Path, encoding: Encoding, found: Head | None = None, layout: Layout | None = None
    ) -> Source:
        columns = body_names(layout, found.header) if layout and found else ()
        continues = layout.continues if layout else None
        config, zone = self._config, self._timezone
        return Source(path, encoding, found, columns, continues, config.mail_bodies, config.mail_attachments, zone)


def _refuse(error: OSError) -> None:
    """A folder that cannot be listed would otherwise look empty, and its records would be taken for gone."""
    raise error


def _matches(name: str, pattern: str) -> bool:
    return fnmatch(name, pattern) or fnmatch(name.rsplit("/", 1)[-1], pattern)


def _is(layout: Layout, header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    columns = body_names(layout, header)
    cells: list[Cells] = [{k: v.strip() for k, v in zip(columns, row, strict=False) if v.strip()} for row in rows]
    return layout.recognises(frozenset(columns), cells)


def _unknown(found: Head | None) -> str:
    alike = found is not None and (not found.rows or any(len(row) == len(found.header) for row in found.rows))
    if found is None or len(found.header) < 2 or not alike:
        return "it is no table, mailbox, calendar or card file that is known here"
    if looks_like_data(found.header):
        # What stands in the first line is somebody's data then, and is not repeated.
        return f"it has {len(found.header)} columns and no header line"
    return f"its header is not known: {', '.join(name[:60] for name in found.header[:40])}"

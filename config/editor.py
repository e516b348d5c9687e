"""Changes ``concord.yaml`` for a person: comments stay, and the file is replaced whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

from config import checks, document, keys, loader, patch
from config.document import Document
from config.keys import KeyPath
from config.loader import Catalogue
from config.masking import texts
from config.references import Reference, from_text
from config.settings import Settings
from mapping.errors import ConfigError, Problem


class Editor:
    """One edit of the file: read, changed here, then saved.

    ``revision`` marks the text that was read. A page hands it back with the form, so that a change which somebody else
    made in the meantime is found, and refused with ConfigError, instead of lost. A key is a path, or its text
    (``connections.shop.schedule``).
    """

    def __init__(self, path: Path, catalogue: Catalogue, *, revision: str | None = None) -> None:
        self._path = path
        self._catalogue = catalogue
        raw = document.read_raw(path)
        text = document.decode(raw, str(path))
        self.revision = _revision(raw)
        if revision is not None and revision != self.revision:
            raise self._changed()
        self._mark = raw.startswith(b"\xef\xbb\xbf")
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self.text = text.replace("\r\n", "\n")
        problems = self._parsed(self.text).problems
        if problems:
            raise ConfigError(problems=problems)

    def set(self, key: str | KeyPath, value: Any) -> None:
        """Puts a value (JSON, dates, references) at the key; keys on the way to it are made.

        A text such as ``!secret name`` is taken for the reference it writes out, so that what ``Settings.public`` shows
        can be handed back. A masked secret in it is refused with ConfigError: the mask would take the secret's place.
        """
        path = self._path_of(key)
        if any(checks.MASK in text for text in texts(value)):
            raise self._refused(path, f"{checks.MASK} stands for a secret that is not shown; give a reference instead")
        found = _placed(value, path)
        self._edit(path, lambda text: patch.set_value(text, path, found), lambda data: _put(data, path, found))

    def remove(self, key: str | KeyPath) -> None:
        """Takes the key away, so that its default holds again."""
        path = self._path_of(key)
        self._edit(path, lambda text: patch.remove(text, path), lambda data: _drop(data, path))

    def rename_connection(self, old: str, new: str) -> None:
        """Gives a connection another name here, and in every ``golden.*.prefer``.

        The hub must give its own record of the connection the new name too, or it will take it for another one.
        """
        connections = self._parsed(self.text).data.get("connections")
        path: KeyPath = ("connections", old)
        if not isinstance(connections, dict) or old not in connections:
            raise self._refused(path, "no such connection", checks.nearest(old, connections or ()))
        if new in connections:
            raise self._refused(("connections", new), "there is a connection of this name")
        before = self.text
        try:
            checks.connection_name(new)
            self._edit(path, lambda text: patch.rename(text, path, new), lambda data: _rename(data, old, new))
            for place in _preferences(self._parsed(self.text).data, old):
                self.set(place, new)
        except ValueError as error:
            raise self._refused(("connections", new), str(error)) from None
        except ConfigError:
            self.text = before
            raise

    def save(self) -> Settings:
        """Writes the file and returns its settings (references that have no value here are placeholders).

        Raises ConfigError, and leaves the file alone, when the new text has problems or the file changed since it was
        read. The new text is on the disk before it takes the old one's place. Its mode stays, its owner where that is
        allowed, and a symbolic link stays one.
        """
        settings = loader.loads(self.text, self._path, self._catalogue, placeholders=True)
        raw = (b"\xef\xbb\xbf" if self._mark else b"") + self.text.replace("\n", self._newline).encode()
        target = self._path.resolve()
        try:
            with _locked(target):
                if _revision(target.read_bytes()) != self.revision:
                    raise self._changed()
                _replace(target, raw)
        except OSError as error:
            raise self._refused((), f"cannot be written ({error.strerror})") from None
        self.revision = _revision(raw)
        return settings

    def _edit(self, path: KeyPath, change: Callable[[str], str], expect: Callable[[dict[str, Any]], None]) -> None:
        """Takes over a change of the text if it says what it should, and nothing else."""
        expected = deepcopy(self._parsed(self.text).data)
        try:
            expect(expected)
            text = change(self.text)
            said = self._parsed(text)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise self._refused(
                path, str(error) if isinstance(error, ValueError) else "no value can stand here"
            ) from None
        except ConfigError:
            raise self._by_hand(path) from None
        if said.data != expected or said.problems:
            raise self._by_hand(path)
        self.text = text

    def _parsed(self, text: str) -> Document:
        return document.parse(text, str(self._path))

    def _path_of(self, key: str | KeyPath) -> KeyPath:
        try:
            return keys.read(key) if isinstance(key, str) else key
        except ValueError as error:
            raise ConfigError(str(error)) from None

    def _by_hand(self, path: KeyPath) -> ConfigError:
        return self._refused(path, "is written in a way that cannot be changed from here; edit the file by hand")

    def _refused(self, path: KeyPath, message: str, near: str = "") -> ConfigError:
        return ConfigError(problems=(Problem(str(self._path), None, keys.show(path), message, nearest=near),))

    def _changed(self) -> ConfigError:
        message = "was changed by somebody else since it was read; look at it again, then repeat the change"
        return ConfigError(problems=(Problem(str(self._path), None, "", message),))


def _revision(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _put(data: dict[str, Any], path: KeyPath, value: Any) -> None:
    here: Any = data
    for step in path[:-1]:
        if isinstance(here, dict) and here.get(step) is None:
            here[step] = {}
        here = here[step]
    here[path[-1]] = value


def _drop(data: dict[str, Any], path: KeyPath) -> None:
    here: Any = data
    for step in path[:-1]:
        here = here[step]
    if not isinstance(here, dict) or path[-1] not in here:
        raise ValueError("does not stand in the file")
    del here[path[-1]]


def _rename(data: dict[str, Any], old: str, new: str) -> None:
    connections = data["connections"]
    data["connections"] = {new if name == old else name: _moved(entry, old, new) for name, entry in connections.items()}


def _moved(value: Any, old: str, new: str) -> Any:
    """The value with its references at their new paths."""
    if isinstance(value, dict):
        return {key: _moved(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, old, new) for item in value]
    if isinstance(value, Reference) and value.path[:2] == ("connections", old):
        return Reference(value.origin, value.name, ("connections", new, *value.path[2:]))
    return value


def _preferences(data: dict[str, Any], name: str) -> Iterator[KeyPath]:
    golden = data.get("golden")
    for field, rule in golden.items() if isinstance(golden, dict) else ():
        prefer = rule.get("prefer") if isinstance(rule, dict) else None
        for index, wanted in enumerate(prefer if isinstance(prefer, list) else ()):
            if wanted == name:
                yield ("golden", field, "prefer", index)


def _placed(value: Any, path: KeyPath) -> Any:
    """The value as the file will say it: references with their places, dates as text."""
    if isinstance(value, dict):
        return {key: _placed(item, (*path, key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_placed(item, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, str):
        value = from_text(value)
    if isinstance(value, Reference):
        return Reference(value.origin, value.name, path)
    return value.isoformat() if isinstance(value, date) else value


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Holds other editors off. One that waited here finds the file replaced, and by its revision refuses."""
    with target.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _replace(target: Path, raw: bytes) -> None:
    before = target.stat()
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(raw)
            stream.flush()
            with suppress(PermissionError):  # only the owner or root may give a file away; the editor's own must do
                os.fchown(stream.fileno(), before.st_uid, before.st_gid)
            os.fchmod(stream.fileno(), before.st_mode & 0o7777)
            os.fsync(stream.fileno())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

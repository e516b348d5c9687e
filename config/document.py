"""The text of ``concord.yaml`` as plain data, with the line of every key and every mistake of form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from config.checks import nearest
from config.keys import KeyPath, show
from config.references import NAME, TAGS, Reference
from mapping.errors import ConfigError, Problem

MAX_BYTES = 512 * 1024
MAX_VALUES = 50_000
MAX_DEPTH = 40

_CORE = "tag:yaml.org,2002:"
_QUOTED = re.compile(r"""(['"])(.*?)\1""")
_TAG_NAMES = ", ".join(f"{tag} name" for tag in TAGS)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file. ``data`` holds dicts, lists, scalars and references; dates stay text.

    ``lines`` has the line of each key (of its first value for a list). ``broken`` are the places whose value could not
    be taken, each told in ``problems``; their value is None.
    """

    file: str
    data: dict[str, Any]
    lines: Mapping[KeyPath, int]
    problems: tuple[Problem, ...] = ()
    broken: frozenset[KeyPath] = frozenset()


def read(path: Path) -> str:
    """The text of the file. Raises ConfigError when there is none, or none that can be a configuration."""
    return decode(read_raw(path), str(path))


def read_raw(path: Path) -> bytes:
    """The bytes of the file, one more than allowed where it is too large. Raises ConfigError when it cannot be read."""
    try:
        if path.is_dir():
            raise _refused(path, "is a folder", "the file itself")
        if path.exists() and not path.is_file():
            raise _refused(path, "is no ordinary file", "a text file")
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _refused(path, "there is no such file; concord init writes one") from None
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror})") from None


def decode(raw: bytes, file: str) -> str:
    """The bytes as text, without a byte order mark. Raises ConfigError when they are too many or not UTF-8."""
    if len(raw) > MAX_BYTES:
        raise ConfigError(problems=(Problem(file, None, "", f"is larger than {MAX_BYTES // 1024} KiB"),))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(problems=(Problem(file, line, "", "is not UTF-8 text", "a file saved as UTF-8"),)) from None


def parse(text: str, file: str) -> Document:
    """The document. Mistakes of a single value are in its ``problems``; ConfigError is raised where YAML itself ends.

    Nothing is constructed but plain data: the nodes of ruamel.yaml are walked here, so a tag can run no code, and
    aliases are counted as often as they are used. No message repeats a value, since a value may be a secret.
    """
    root = compose(text, file)
    if root is None:
        raise ConfigError(problems=(Problem(file, None, "", "is empty", "at least hub: {name: …}"),))
    if not isinstance(root, MappingNode):
        raise ConfigError(problems=(Problem(file, 1, "", "holds no keys", "keys such as hub: and connections:"),))
    walk = _Walk(file)
    data = walk.value(root, ())
    return Document(file, data or {}, walk.lines, tuple(walk.problems), frozenset(walk.broken))


def compose(text: str, file: str) -> Node | None:
    """The root node of the text, None for an empty one. Raises ConfigError where it is no YAML."""
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    yaml.composer.warn_double_anchors = False
    try:
        root: Node | None = yaml.compose(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _unreadable(file, line, "holds a character that no text file holds") from None
    except MarkedYAMLError as error:
        # What is never closed ends with the file; the place to look is where it began.
        unclosed = "end" in (error.problem or "") and "stream" in (error.problem or "")
        mark = (error.context_mark if unclosed else None) or error.problem_mark or error.context_mark
        raise _unreadable(file, mark.line + 1 if mark else None, _explained(error, text)) from None
    except (YAMLError, ValueError):
        raise _unreadable(file, None, "is no YAML") from None
    return root


def _explained(error: MarkedYAMLError, text: str) -> str:
    problem = error.problem or ""
    if isinstance(error, MaxDepthExceededError):
        return f"is nested deeper than {MAX_DEPTH} levels"
    if "'\\t'" in problem:
        return "a tab stands where only spaces may"
    if "undefined alias" in problem:
        return "an alias (*) is used that no anchor (&) defines; put a text that begins with * in quotes"
    if "undefined tag handle" in problem:
        return "a text begins with !; put it in quotes, or use !secret or !env"
    if "another document" in problem:
        return "a second document begins here (---)"
    if "mapping values are not allowed" in problem:
        return "a colon stands where no key may; check the indentation, and put a text with a colon in quotes"
    # What ruamel quotes is a sign or <a token>, or else a piece of the file, which may be a secret.
    safe = _QUOTED.sub(lambda found: found[0] if len(found[2]) < 2 or found[2][0] in "<\\" else "a word", problem)
    context = error.context or ""
    return f"{context}: {safe}" if context and "'" not in context and "\n" not in context else safe


@dataclass(slots=True)
class _Walk:
    file: str
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: set[KeyPath] = field(default_factory=set)
    seen: int = 0
    around: set[int] = field(default_factory=set)
    scalars: Any = field(default_factory=lambda: YAML(typ="safe", pure=True).constructor)

    def value(self, node: Node, path: KeyPath) -> Any:
        self.lines.setdefault(path, _line(node))
        self.seen += 1
        if self.seen > MAX_VALUES:
            raise _unreadable(self.file, _line(node), f"holds more than {MAX_VALUES} values, aliases counted each time")
        if node.tag in TAGS:
            return self.reference(node, path)
        if id(node) in self.around:
            return self.bad(node, path, "an alias (*) stands inside the value it repeats")
        if isinstance(node, ScalarNode):
            return self.scalar(node, path)
        if node.tag not in (_CORE + "map", _CORE + "seq"):
            return self.unknown_tag(node, path)
        self.around.add(id(node))
        found = self.mapping(node, path) if isinstance(node, MappingNode) else self.sequence(node, path)
        self.around.remove(id(node))
        return found

    def sequence(self, node: Node, path: KeyPath) -> list[Any]:
        found = []
        for index, item in enumerate(node.value):
            self.lines[(*path, index)] = _line(item)
            found.append(self.value(item, (*path, index)))
        return found

    def mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == _CORE + "merge":
                found.update(self.merged(value, path))
        own: dict[str, int] = {}
        for key, value in node.value:
            if key.tag == _CORE + "merge":
                continue
            if not isinstance(key, ScalarNode) or not str(key.tag).startswith(_CORE):
                self.tell(key, path, "a key is no text", "a plain word before the colon")
                continue
            name = str(key.value)
            inner = (*path, name)
            if name in own:
                self.bad(key, inner, f"stands twice; the first is in line {own[name]}", "each key once")
                continue
            own[name] = self.lines[inner] = _line(key)
            found[name] = self.value(value, inner)
        return found

    def merged(self, node: Node, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for item in reversed(node.value) if isinstance(node, SequenceNode) else [node]:
            if not isinstance(item, MappingNode):
                self.tell(item, path, "<< merges what has no keys", "an alias (*) of a block with keys")
                continue
            found.update(self.value(item, path) or {})
        return found

    def scalar(self, node: ScalarNode, path: KeyPath) -> Any:
        kind = str(node.tag).removeprefix(_CORE)
        if kind in ("str", "timestamp", "value"):
            return node.value
        if kind == "null":
            return None
        if kind not in ("bool", "int", "float"):
            return self.unknown_tag(node, path)
        try:
            return getattr(self.scalars, f"construct_yaml_{kind}")(node)
        except (ValueError, KeyError, IndexError, OverflowError):
            return self.bad(node, path, "has the wrong type", {"bool": "true or false"}.get(kind, "a number"))

    def reference(self, node: Node, path: KeyPath) -> Reference | None:
        if isinstance(node, ScalarNode) and NAME.fullmatch(node.value):
            return Reference(TAGS[str(node.tag)], node.value, path)
        self.bad(
            node, path, f"{node.tag} is not followed by a name", f"{node.tag} and letters, digits, '_', '-' or '.'"
        )
        return None

    def unknown_tag(self, node: Node, path: KeyPath) -> None:
        self.bad(node, path, "has a tag (!) that is not known here", _TAG_NAMES, nearest(str(node.tag), TAGS))

    def bad(self, node: Node, path: KeyPath, message: str, expected: str = "", near: str = "") -> None:
        self.tell(node, path, message, expected, near)
        self.broken.add(path)

    def tell(self, node: Node, path: KeyPath, message: str, expected: str = "", near: str = "") -> None:
        self.problems.append(Problem(self.file, _line(node), show(path), message, expected, near))


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _refused(path: Path, message: str, expected: str = "") -> ConfigError:
    return ConfigError(problems=(Problem(str(path), None, "", message, expected),))


def _unreadable(file: str, line: int | None, message: str) -> ConfigError:
    return ConfigError(problems=(Problem(file, line, "", message),))

"""Edits of a YAML text that touch nothing but the place they are about: comments, blanks and quotes elsewhere stay.

The places come from ruamel.yaml's nodes, and only new values are written by it. Each function returns the new text; it
may be wrong where YAML is unusual (complex keys, a key beside a list's dash), so the caller compares what it says
with what it should say before it keeps it.
"""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.representer import RoundTripRepresenter

from config.document import compose
from config.keys import KeyPath, show
from config.references import Reference

_ALIAS = re.compile(r"\s*:\s*\*[^\s,\]}]+")


def set_value(text: str, path: KeyPath, value: Any) -> str:
    """The text with the value at the path, whose missing keys are made. Raises ValueError where no value can stand."""
    parent, last = _node(text, path[:-1]), path[-1]
    if isinstance(last, int):
        if not isinstance(parent, SequenceNode) or last >= len(parent.value):
            raise ValueError(f"{show(path)} is no item of a list; set the whole list")
        item = parent.value[last]
        return _spliced(text, _start(item), _end(text, item), _written(value, flow=True))
    if isinstance(parent, MappingNode) and parent.value:
        return _set_entry(text, parent, last, value)
    if isinstance(parent, SequenceNode) or (isinstance(parent, ScalarNode) and parent.value not in ("", "~", "null")):
        raise ValueError(f"{show(path[:-1])} holds no keys")
    if len(path) == 1:
        return f"{text.rstrip()}\n{_entry(last, value)}\n".lstrip()
    return set_value(text, path[:-1], {last: value})


def remove(text: str, path: KeyPath) -> str:
    """The text without the key, its value, and the comments inside it. Raises ValueError when there is no such key."""
    parent, last = _node(text, path[:-1]), path[-1]
    found = _find(parent, last) if isinstance(parent, MappingNode) and isinstance(last, str) else None
    if not isinstance(parent, MappingNode) or found is None:
        raise ValueError(f"{show(path)} does not stand in the file")
    entries, place = parent.value, parent.value.index(found)
    start, end = _start(found[0]), _entry_end(text, *found)
    if parent.flow_style:
        if place + 1 < len(entries):
            return _spliced(text, start, _start(entries[place + 1][0]), "")
        return _spliced(text, _entry_end(text, *entries[place - 1]) if place else start, end, "")
    if len(entries) == 1 and len(path) > 1:
        return set_value(text, path[:-1], {})
    return _spliced(text, text.rfind("\n", 0, start) + 1, _line_end(text, end) + 1, "")


def rename(text: str, path: KeyPath, name: str) -> str:
    """The text with another last key. Raises ValueError when there is no such key."""
    parent = _node(text, path[:-1])
    found = _find(parent, str(path[-1])) if isinstance(parent, MappingNode) else None
    if found is None:
        raise ValueError(f"{show(path)} does not stand in the file")
    return _spliced(text, _start(found[0]), int(found[0].end_mark.index), name)


def _set_entry(text: str, parent: MappingNode, key: str, value: Any) -> str:
    flow = bool(parent.flow_style)
    column = int(parent.value[0][0].start_mark.column)
    written = _entry(key, value, flow=flow, column=column)
    found = _find(parent, key)
    if found:
        return _spliced(text, _start(found[0]), _entry_end(text, *found), written)
    end = _entry_end(text, *parent.value[-1])
    if flow:
        return _spliced(text, end, end, f", {written}")
    end = _line_end(text, end)
    return _spliced(text, end, end, f"\n{' ' * column}{written}")


def _node(text: str, path: KeyPath) -> Node | None:
    node = compose(text, "")
    for step in path:
        if isinstance(node, MappingNode):
            found = _find(node, str(step))
            node = found[1] if found else None
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        else:
            return None
    return node


def _find(node: MappingNode, key: str) -> tuple[Node, Node] | None:
    return next(((name, value) for name, value in node.value if name.value == key), None)


def _start(node: Node) -> int:
    return int(node.start_mark.index)


def _entry_end(text: str, key: Node, value: Node) -> int:
    after = int(key.end_mark.index)
    if _start(value) < after:  # an alias: its node stands where the anchor is
        match = _ALIAS.match(text, after)
        return match.end() if match else after
    end = _end(text, value)
    return end if end > _start(value) else text.find(":", after) + 1


def _end(text: str, node: Node) -> int:
    """Where the last sign of a value stands; ruamel's mark of a block lies behind the comments that follow it."""
    if isinstance(node, MappingNode) and node.value and not node.flow_style:
        return _entry_end(text, *node.value[-1])
    if isinstance(node, SequenceNode) and node.value and not node.flow_style:
        return _end(text, node.value[-1])
    start = _start(node)
    return start + len(text[start : int(node.end_mark.index)].rstrip())


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def _spliced(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _entry(key: str, value: Any, *, flow: bool = False, column: int = 0) -> str:
    written = _written({key: value}, flow=flow)
    if flow:
        written = written.removeprefix("{").removesuffix("}")
    return written.replace("\n", "\n" + " " * column)


class _Representer(RoundTripRepresenter):
    """Writes references as tags."""

    def reference(self, value: Reference) -> Any:
        return self.represent_scalar(f"!{value.origin}", value.name)


_Representer.add_representer(Reference, _Representer.reference)


def _written(value: Any, *, flow: bool) -> str:
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.width = 1 << 20
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    yaml.dump(_styled(value, flow), out)
    return out.getvalue().removesuffix("...\n").rstrip("\n")


def _styled(value: Any, flow: bool) -> Any:
    if isinstance(value, dict):
        block = CommentedMap((key, _styled(item, flow)) for key, item in value.items())
        if flow:
            block.fa.set_flow_style()
        return block
    if isinstance(value, list | tuple):
        items = CommentedSeq(_styled(item, flow) for item in value)
        if flow or not any(isinstance(item, dict | list | tuple) for item in value):
            items.fa.set_flow_style()
        return items
    return value

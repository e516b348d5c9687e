"""Field expressions: a dotted path, or JMESPath with the functions of mapping/functions.py, compiled to closures.

JMESPath's own interpreter walks a tree of dictionaries for every record (3 µs for ``a || b``); the common nodes are
compiled here instead, the rare ones (projections, filters, multi-selects) are left to it node by node.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jmespath.parser
import jmespath.visitor
from jmespath.exceptions import JMESPathError

from mapping.errors import ConfigError, RecordError
from mapping.functions import OURS, REGISTRY, arity, known

Getter = Callable[[Any], Any]
Node = dict[str, Any]
Path = tuple[str, ...]

_SEGMENT = r'(?:"(?:[^"\\]|\\.)*"|[^\W\d][\w-]*|\d+)'
_DOTTED = re.compile(rf"{_SEGMENT}(?:\.{_SEGMENT}|\[\d+\])*")
_STEP = re.compile(rf"{_SEGMENT}|\[\d+\]")
_LONGEST = 10_000

_ODDITIES = (JMESPathError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)
"""What JMESPath's functions raise on values they do not expect; the messages quote the value and are not kept."""


def compile_expression(text: str) -> Getter:
    """What the expression gives for a document: None where nothing is there.

    Raises ConfigError for an expression that cannot be parsed or calls an unknown function. The getter raises
    RecordError, never quoting a value, where a function is given what it cannot take.
    """
    path = dotted(text)
    if path is not None:
        return _path_getter(path)
    getter = _compile(parse(text))

    def get(document: Any) -> Any:
        try:
            return getter(document)
        except _ODDITIES:
            raise RecordError("the expression was given a value of a kind that it cannot take") from None

    return get


def dotted(text: str) -> Path | None:
    """The steps of a dotted path (``a.city``, ``"First Name"``, ``lines.0.title``, ``lines[0].title``), or None."""
    text = text.strip()
    if len(text) > _LONGEST or not _DOTTED.fullmatch(text):
        return None
    try:
        return tuple(json.loads(step) if step[0] == '"' else step.strip("[]") for step in _STEP.findall(text))
    except ValueError:
        return None


def parse(text: str) -> Node:
    """The JMESPath tree of an expression. Raises ConfigError with the reason and, for a function, the nearest name."""
    if not text.strip() or len(text) > _LONGEST:
        raise ConfigError("an expression may not be empty" if not text.strip() else "the expression is too long")
    try:
        node: Node = dict(jmespath.parser.Parser().parse(text).parsed)
    except JMESPathError as error:
        raise ConfigError(f"cannot be read: {str(error).splitlines()[0].rstrip(':')}") from None
    except RecursionError:
        raise ConfigError("nests too deeply") from None
    for call in _calls(node):
        limits = arity(call["value"])
        if limits is None:
            near = difflib.get_close_matches(call["value"], known(), 1)
            hint = f"; did you mean {near[0]}()?" if near else f"; known are {', '.join(sorted(OURS))}"
            raise ConfigError(f"there is no function {call['value']}(){hint}")
        if not limits[0] <= len(call["children"]) <= limits[1]:
            expected = str(limits[0]) if limits[0] == limits[1] else f"{limits[0]} to {limits[1]}"
            raise ConfigError(f"{call['value']}() takes {expected} arguments, not {len(call['children'])}")
    return node


def paths(text: str) -> frozenset[Path]:
    """The paths of the document that the expression reads, as far as they are plain."""
    path = dotted(text)
    return frozenset({path} if path is not None else _reads(parse(text), ())[0])


def _calls(node: Node) -> Iterable[Node]:
    if node["type"] == "function_expression":
        yield node
    if node["type"] == "slice":
        return  # its children are numbers
    for child in node["children"]:
        yield from _calls(child)


def _path_getter(path: Path) -> Getter:
    if len(path) == 1:
        (only,) = path

        def get_one(document: Any) -> Any:
            return document.get(only) if type(document) is dict else _step(document, only)

        return get_one
    if len(path) == 2:
        first, second = path

        def get_two(document: Any) -> Any:
            inner = document.get(first) if type(document) is dict else _step(document, first)
            return inner.get(second) if type(inner) is dict else _step(inner, second)

        return get_two

    def get_deep(document: Any) -> Any:
        for key in path:
            document = document.get(key) if type(document) is dict else _step(document, key)
            if document is None:
                return None
        return document

    return get_deep


def _step(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, list | tuple) and key.isdecimal() and len(key) < 7 and int(key) < len(value):
        return value[int(key)]
    return None


def _compile(node: Node) -> Getter:
    maker = _MAKERS.get(node["type"])
    made = maker(node) if maker else None
    return made if made is not None else _interpreted(node)


def _interpreted(node: Node) -> Getter:
    interpreter = jmespath.visitor.TreeInterpreter(jmespath.visitor.Options(custom_functions=REGISTRY))
    visit: Callable[..., Any] = interpreter.visit
    return lambda document: visit(node, document)


def _field(node: Node) -> Getter:
    name = node["value"]
    return lambda document: document.get(name) if type(document) is dict else _member(document, name)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _chain(node: Node) -> Getter:
    first, *rest = [_compile(child) for child in node["children"]]

    def get(document: Any) -> Any:
        value = first(document)
        for step in rest:
            value = step(value)
        return value

    return get


def _index(node: Node) -> Getter:
    index = node["value"]

    def get(document: Any) -> Any:
        return document[index] if isinstance(document, list) and -len(document) <= index < len(document) else None

    return get


def _literal(node: Node) -> Getter:
    value = node["value"]
    return lambda document: value


def _either(node: Node) -> Getter:
    left, right = [_compile(child) for child in node["children"]]

    def get(document: Any) -> Any:
        value = left(document)
        return right(document) if not value and is_false(value) else value

    return get


def _both(node: Node) -> Getter:
    left, right = [_compile(child) for child in node["children"]]

    def get(document: Any) -> Any:
        value = left(document)
        return value if is_false(value) else right(document)

    return get


def _not(node: Node) -> Getter:
    inner = _compile(node["children"][0])
    return lambda document: is_false(inner(document))


def _call(node: Node) -> Getter | None:
    if any(child["type"] == "expref" for child in node["children"]):
        return None  # sort_by(&key) and its like need the interpreter's own expression objects
    name, arguments = node["value"], [_compile(child) for child in node["children"]]
    ours = OURS.get(name)
    if ours is None:
        return lambda document: REGISTRY.call_function(name, [argument(document) for argument in arguments])
    call = ours.call
    if len(arguments) == 1:
        (only,) = arguments
        return lambda document: call(only(document))
    return lambda document: call(*[argument(document) for argument in arguments])


def _several(node: Node) -> Getter:
    getters = [_compile(child) for child in node["children"]]
    return lambda document: None if document is None else [get(document) for get in getters]


_MAKERS: Mapping[str, Callable[[Node], Getter | None]] = {
    "field": _field,
    "subexpression": _chain,
    "index_expression": _chain,
    "pipe": _chain,
    "index": _index,
    "literal": _literal,
    "current": lambda node: lambda document: document,
    "identity": lambda node: lambda document: document,
    "or_expression": _either,
    "and_expression": _both,
    "not_expression": _not,
    "multi_select_list": _several,
    "function_expression": _call,
}


def is_false(value: Any) -> bool:
    """Whether JMESPath takes the value for false: None, False, an empty text, list or object. Zero is true."""
    return not value and (value is None or value is False or isinstance(value, str | list | Mapping))


def _reads(node: Node, at: Path | None) -> tuple[set[Path], Path | None]:
    """The paths read, and the path of the node's own value when it has one."""
    kind, children = node["type"], node["children"]
    if kind == "field":
        here = (*at, node["value"]) if at is not None else None
        return ({here} if here else set()), here
    if kind in ("current", "identity", "index", "slice"):
        return set(), at
    if kind == "expref":
        return set(), None  # it is asked of each item of a list, and which list that is, its function knows
    if kind in _SEQUENCES:
        found, tip = _reads_in_turn(children[:2], at)
        if kind == "filter_projection":
            found |= _reads(children[2], _reads(children[0], at)[1])[0]
        return found, tip
    return set().union(*(_reads(child, at)[0] for child in children)), None


_SEQUENCES = frozenset(
    {"subexpression", "index_expression", "pipe", "projection", "value_projection"} | {"filter_projection", "flatten"}
)


def _reads_in_turn(children: Sequence[Node], at: Path | None) -> tuple[set[Path], Path | None]:
    found: set[Path] = set()
    for child in children:
        read, tip = _reads(child, at)
        if at is not None and tip != at:
            found.discard(at)
        found |= read
        at = tip
    return found, at

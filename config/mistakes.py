"""What pydantic finds, told as problems: the place in the file, what was expected, the nearest right word.

No message repeats a value of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from config.checks import nearest
from config.document import Document
from config.keys import KeyPath, show
from config.shape import keys_at
from mapping.errors import Problem

_EXPECTED = {
    "string": "text (put a number in quotes)",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "dict": "keys with values",
    "mapping": "keys with values",
    "model": "keys with values",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "date": "a date such as 2024-01-31",
    "datetime": "a date and time such as 2024-01-31T08:00:00Z",
    "path": "the path of a file or folder",
}
_WRONG_TYPE = (
    "_type",
    "_parsing",
    "_from_float",
    "_from_datetime_parsing",
    "_from_datetime_inexact",
    "_attributes_type",
)
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_TELLS_THE_VALUE = {"value_error", "assertion_error", "union_tag_invalid"}
_BUILT_IN = frozenset(get_args(ErrorType))


class Found(NamedTuple):
    """A problem and its place. ``of_key``: it is the key that is wrong, whatever its value is."""

    path: KeyPath
    problem: Problem
    of_key: bool = False


def translate(
    error: ValidationError, model: type[BaseModel], document: Document, at: KeyPath = (), hidden: Iterable[str] = ()
) -> list[Found]:
    """The problems of one validation, one a place. ``at`` is where the validated data stands in the document.

    ``hidden`` are texts that must not appear in the words of a foreign validator.
    """
    found: dict[KeyPath, Found] = {}
    for detail in error.errors(include_url=False, include_input=True):
        path = _path(document.data, at, detail)
        problem = _problem(detail, path, model, document, tuple(hidden))
        if path in found:
            problem = _either(found[path].problem, problem)
        found[path] = Found(path, problem, detail["type"] == "extra_forbidden")
    return list(found.values())


def _path(data: Any, at: KeyPath, detail: ErrorDetails) -> KeyPath:
    """The place in the file: pydantic's own without the names of union members and validators."""
    path: list[str | int] = list(at)
    here = data
    for step in at:
        here = here.get(step) if isinstance(here, dict) else None
    for step in detail["loc"]:
        match here:
            case dict() if step in here:
                here = here[step]
            case list() if isinstance(step, int):
                here = here[step]
            case _:
                continue
        path.append(step)
    if detail["type"] == "missing":
        path.append(detail["loc"][-1])
    return tuple(path)


def _problem(
    detail: ErrorDetails, path: KeyPath, model: type[BaseModel], document: Document, hidden: Sequence[str]
) -> Problem:
    line = next(
        (document.lines[path[:size]] for size in range(len(path), -1, -1) if path[:size] in document.lines), None
    )
    message, expected, near = _words(detail, model)
    if detail["type"] in _TELLS_THE_VALUE or detail["type"] not in _BUILT_IN:
        message, expected = (_without(text, hidden) for text in (message, expected))
    return Problem(document.file, line, show(path), message, expected, near)


def _words(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "concord":
        return context["message"], context["expected"], context["nearest"]
    if kind == "missing":
        return "is missing", "", ""
    if kind == "extra_forbidden":
        known = sorted(keys_at(model, detail["loc"][:-1]))
        return "is no known key", f"one of {', '.join(known)}" if known else "", nearest(str(detail["loc"][-1]), known)
    if kind in ("literal_error", "enum"):
        choices = re.findall(r"'([^']*)'", context.get("expected", ""))
        return "is none of the choices", context.get("expected", ""), nearest(str(detail["input"]), choices)
    if kind == "string_too_short" and context.get("min_length") == 1:
        return "is empty", "", ""
    if kind == "string_pattern_mismatch" and context["pattern"].startswith("^https?://"):
        return "is no address", "one that begins with https:// and has neither ? nor #", ""
    bound = next((f"{words} {context[name]}" for name, words in _BOUNDS.items() if name in context), "")
    if bound:
        return "is out of range", bound, ""
    if kind.endswith(_WRONG_TYPE):
        expected = _EXPECTED.get(kind.split("_")[0], "")
        if expected:
            return "has the wrong type", expected, ""
    text = re.sub(r"^(Value error|Assertion failed), ", "", detail["msg"])
    return re.sub(r"^Input should", "should", text), "", ""


def _either(first: Problem, second: Problem) -> Problem:
    """One problem for a value that several alternatives refused."""
    expected = " or ".join(dict.fromkeys(text for text in (first.expected, second.expected) if text))
    return Problem(first.file, first.line, first.key, first.message, expected, first.nearest or second.nearest)


def _without(text: str, hidden: Sequence[str]) -> str:
    for value in sorted(hidden, key=len, reverse=True):
        for form in (value, repr(value)[1:-1]):
            # A short value would be found inside other words, so it counts only where it stands alone.
            text = re.sub(re.escape(form) if len(form) > 3 else rf"(?<!\w){re.escape(form)}(?!\w)", "***", text)
    return text

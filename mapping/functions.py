"""The functions that field rules may call, beside JMESPath's own.

Every one takes None for "nothing there" and then gives None, so that rules need no guards; each is bounded in time and
size whatever the record holds. A list or an object where a text is meant raises RecordError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from jmespath import functions as jmespath_functions

from mapping import moments, names, normalize, texts
from mapping.errors import RecordError
from mapping.recurrence import occurrences


class Function(NamedTuple):
    """A function of ours: what it does and how many arguments it takes."""

    call: Callable[..., Any]
    fewest: int
    most: int


def _text(value: Any, name: str) -> str | None:
    """The text of an argument, None when it is empty."""
    if type(value) is str:
        return texts.clean(value) or None
    text = texts.to_text(value)
    if text is None:
        raise RecordError(f"{name}() was given {_sort_of(value)} instead of a text")
    return text or None


def _sort_of(value: Any) -> str:
    return "an object" if isinstance(value, Mapping) else "a list" if isinstance(value, list | tuple) else "a value"


def _plain(name: str, act: Callable[[str], Any]) -> Callable[[Any], Any]:
    def call(value: Any) -> Any:
        text = _text(value, name)
        return act(text) if text is not None else None

    return call


def _phone(value: Any, country: Any = None) -> str | None:
    """E.164, or the text as it is where that needs a country: the field it is for knows the default one."""
    text = _text(value, "phone")
    return (normalize.phone(text, _text(country, "phone") or "") or text) if text else None


def _email(value: Any) -> str | None:
    text = _text(value, "email")
    return (normalize.email(text) or text) if text else None


def _date(value: Any, form: Any = None) -> str | None:
    """A date or an instant in canonical form; what cannot be read stays as it is, so that the field can say so."""
    if isinstance(value, list | Mapping):
        raise RecordError(f"date() was given {_sort_of(value)} instead of a text")
    return moments.either(value, _text(form, "date") or "") or _text(value, "date")


def _number(value: Any) -> int | float | str | None:
    """A JSON number where it is exact, otherwise the decimal as text; what is no number stays as it is."""
    text = _text(value, "number")
    exact = texts.number(value)
    if exact is None:
        return text
    if "." not in exact and len(exact) < 16:
        return int(exact)
    return float(exact) if Decimal(repr(float(exact))) == Decimal(exact) and len(exact) < 18 else exact


def _boolean(value: Any) -> bool | str | None:
    text = _text(value, "bool")
    found = texts.boolean(value)
    return text if found is None else found


def _split(value: Any, separator: Any) -> list[str] | None:
    text, mark = _text(value, "split"), separator if isinstance(separator, str) else ""
    if text is None:
        return None
    pieces = text.split(mark, 10_000) if mark else text.split(None, 10_000)
    return [piece.strip() for piece in pieces if piece.strip()]


def _concat(values: Any) -> str | None:
    if values is None:
        return None
    if not isinstance(values, list):
        return _text(values, "concat")
    return " ".join(filter(None, (_text(value, "concat") for value in values))) or None


def _join(separator: Any, values: Any) -> str | None:
    """JMESPath's join, but numbers count as texts and a part that is missing makes the whole missing, not an error:
    ``join(':', ['shop', customer.id])`` is then simply absent for an order without a customer."""
    if values is None:
        return None
    if not isinstance(values, list):
        raise RecordError("join() needs a list as its second argument")
    parts = [_text(value, "join") for value in values]
    mark = separator if isinstance(separator, str) else ""
    return None if not parts or None in parts else mark.join(part for part in parts if part)


def _lookup(value: Any, table: Any) -> Any:
    """The table's entry for the text, whatever its case; None when it has none."""
    text = _text(value, "lookup")
    if text is None or table is None:
        return None
    if not isinstance(table, Mapping):
        raise RecordError("lookup() needs an object as its second argument")
    if text in table:
        return table[text]
    folded = text.casefold()
    return next((found for key, found in table.items() if str(key).casefold() == folded), None)


def _strip_prefix(value: Any, prefix: Any) -> str | None:
    text = _text(value, "strip_prefix")
    return (text.removeprefix(_text(prefix, "strip_prefix") or "").strip() or None) if text else None


def _replace(value: Any, old: Any, new: Any) -> str | None:
    text, found, other = (
        _text(value, "replace"),
        old if isinstance(old, str) else "",
        new if isinstance(new, str) else "",
    )
    if text is None or not found:
        return text
    if text.count(found) * max(len(other) - len(found), 0) > texts.TEXT_LIMIT:
        raise RecordError("replace() would make the text too long")
    return text.replace(found, other)


OURS: Mapping[str, Function] = {
    "lower": Function(_plain("lower", str.lower), 1, 1),
    "upper": Function(_plain("upper", str.upper), 1, 1),
    "trim": Function(_plain("trim", str.strip), 1, 1),
    "email": Function(_email, 1, 1),
    "phone": Function(_phone, 1, 2),
    "domain": Function(_plain("domain", normalize.domain), 1, 1),
    "country": Function(_plain("country", lambda text: normalize.country(text) or text), 1, 1),
    "date": Function(_date, 1, 2),
    "number": Function(_number, 1, 1),
    "bool": Function(_boolean, 1, 1),
    "first_name": Function(_plain("first_name", lambda text: names.first_name(text) or None), 1, 1),
    "last_name": Function(_plain("last_name", lambda text: names.last_name(text) or None), 1, 1),
    "split": Function(_split, 2, 2),
    "concat": Function(_concat, 1, 1),
    "join": Function(_join, 2, 2),
    "lookup": Function(_lookup, 2, 2),
    "strip_prefix": Function(_strip_prefix, 2, 2),
    "replace": Function(_replace, 3, 3),
    "occurrences": Function(occurrences, 1, 2),
}


class _Registry(jmespath_functions.Functions):
    """JMESPath's functions and ours, for the parts of an expression that JMESPath's own interpreter evaluates."""

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:
        """What the function gives for evaluated arguments."""
        ours = OURS.get(function_name)
        return ours.call(*resolved_args) if ours else super().call_function(function_name, resolved_args)


REGISTRY = _Registry()


def arity(name: str) -> tuple[int, int] | None:
    """The fewest and the most arguments that a function takes, None when there is no such function."""
    ours = OURS.get(name)
    if ours:
        return ours.fewest, ours.most
    builtin = REGISTRY.FUNCTION_TABLE.get(name)
    if builtin is None:
        return None
    signature = builtin["signature"]
    variadic = bool(signature) and bool(signature[-1].get("variadic"))
    return len(signature), 1_000 if variadic else len(signature)


def known() -> list[str]:
    """The names of all functions, sorted."""
    return sorted({*OURS, *REGISTRY.FUNCTION_TABLE})

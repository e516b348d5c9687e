"""Search domains: criteria in prefix notation with ``&``, ``|`` and ``!``, as a test of one row (ORM reference,
"Search domains")."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from connectors.odoo.database_errors import value_error
from connectors.odoo.database_fields import NUMBERS, TO_MANY, Field, Model, Row, moment

Test = Callable[[Row], bool]
ARITY = {"&": 2, "|": 2, "!": 1}
ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
LIKE = frozenset({"like", "ilike", "=like", "=ilike"})
OPERATORS = frozenset({"=", "!=", "=?", "in", "not in", "child_of", "parent_of", "any", "not any", *ORDERED, *LIKE}) | {
    f"not {each}" for each in LIKE
}


class Tables(Protocol):
    """What a domain needs of the database."""

    whole_seconds: bool

    def model(self, name: str) -> Model:
        """The model. Raises OdooError."""
        ...

    def value(self, model: Model, row: Row, name: str) -> Any:
        """A field of a row as it is kept, None for empty."""
        ...

    def row(self, model: str, id_: int) -> Row | None:
        """The row of an id."""
        ...

    def title(self, model: str, id_: int) -> str:
        """What a record is called."""
        ...


def named(domain: Sequence[Any]) -> set[str]:
    """The fields of the model itself that a domain speaks of."""
    return {str(each[0]).partition(".")[0] for each in domain if isinstance(each, list | tuple) and each}


def fits(tables: Tables, model: Model, domain: Sequence[Any]) -> Test:
    """Whether a row fits. Raises OdooError for a domain that makes no sense."""
    if not isinstance(domain, list | tuple):
        raise value_error(f"Domain() invalid item in domain: {domain!r}")
    rest = list(_explicit(domain))
    found = _term(tables, model, rest) if rest else lambda row: True
    if rest:
        raise value_error(f"Domain {domain!r} is syntactically not correct.")
    return found


def _explicit(domain: Sequence[Any]) -> Iterable[Any]:
    """The domain with the conjunctions that may be left out at its beginning."""
    expected, ands = 1, 0
    for term in domain:
        if expected == 0:
            ands, expected = ands + 1, 1
        expected += ARITY[term] - 1 if isinstance(term, str) and term in ARITY else -1
    return ["&"] * ands + list(domain)


def _term(tables: Tables, model: Model, rest: list[Any]) -> Test:
    if not rest:
        raise value_error("the domain ends too early")
    term = rest.pop(0)
    if term == "!":
        inner = _term(tables, model, rest)
        return lambda row: not inner(row)
    if term in ("&", "|"):
        one, other = _term(tables, model, rest), _term(tables, model, rest)
        return (lambda row: one(row) and other(row)) if term == "&" else (lambda row: one(row) or other(row))
    if not isinstance(term, list | tuple) or len(term) != 3:
        raise value_error(f"Domain() invalid item in domain: {term!r}")
    return _leaf(tables, model, str(term[0]), term[1], term[2])


def _leaf(tables: Tables, model: Model, path: str, sign: str, value: Any) -> Test:
    sign = {"==": "=", "<>": "!="}.get(sign, sign)
    if sign not in OPERATORS:
        raise value_error(f"Invalid operator {sign!r} in domain term ({path!r}, {sign!r}, {value!r})")
    name, _, further = path.partition(".")
    field = model.fields.get(name)
    if field is None:
        raise value_error(f"Invalid field {model.name}.{name} in leaf ({path!r}, {sign!r}, {value!r})")
    if not field.store and field.type not in TO_MANY:
        raise value_error(f"Non-stored field {model.name}.{name} cannot be searched.")
    if further:
        return _related(tables, model, field, _leaf(tables, tables.model(field.relation), further, sign, value))
    if sign in ("any", "not any"):
        met = _related(tables, model, field, fits(tables, tables.model(field.relation), value))
        return met if sign == "any" else (lambda row: not met(row))
    if sign in ("child_of", "parent_of"):
        return _family(tables, model, field, sign, value)
    if sign == "=?":
        return (lambda row: True) if value in (None, False) else _leaf(tables, model, path, "=", value)
    if field.type in TO_MANY or field.type == "many2one":
        return _linked(tables, model, field, sign, value)
    return _plain(tables, model, field, sign, value)


def _related(tables: Tables, model: Model, field: Field, inner: Test) -> Test:
    def met(row: Row) -> bool:
        found = (tables.row(field.relation, each) for each in _ids(tables.value(model, row, field.name)))
        return any(inner(each) for each in found if each is not None)

    return met


def _family(tables: Tables, model: Model, field: Field, sign: str, value: Any) -> Test:
    """Whether a record is among the descendants (or ancestors) of the given ones, themselves included."""
    where = tables.model(field.relation) if field.relation else model
    if "parent_id" not in where.fields:
        raise value_error(f"{where.name} has no parent_id for {sign}")

    def line(id_: int) -> list[int]:
        found: list[int] = []
        here: int | None = id_
        while here and here not in found:
            found.append(here)
            row = tables.row(where.name, here)
            here = tables.value(where, row, "parent_id") if row else None
        return found

    wanted = set(_ids(value))
    above = {each for start in wanted for each in line(start)}

    def met(row: Row) -> bool:
        mine = _ids(tables.value(model, row, field.name))
        return any(each in above if sign == "parent_of" else wanted & set(line(each)) for each in mine)

    return met


def _linked(tables: Tables, model: Model, field: Field, sign: str, value: Any) -> Test:
    """A link compared with ids, or with the names of what it leads to."""
    wanted = [each for each in (value if isinstance(value, list | tuple) else [value]) if each is not None]
    by_name = any(isinstance(each, str) for each in wanted)
    positive = sign.removeprefix("not ").replace("!=", "=")

    def met(row: Row) -> bool:
        ids = _ids(tables.value(model, row, field.name))
        if not by_name:
            return (False in wanted and not ids) or any(each in wanted for each in ids)
        names = [tables.title(field.relation, each) for each in ids]
        how = "in" if positive in ("=", "in") else positive
        return any(name in wanted if how == "in" else like(how, name, str(wanted[0])) for name in names)

    return met if sign == positive else (lambda row: not met(row))


def _plain(tables: Tables, model: Model, field: Field, sign: str, value: Any) -> Test:
    def kept(row: Row) -> Any:
        found = tables.value(model, row, field.name)
        if field.type == "boolean":
            return bool(found)
        if field.type != "datetime":
            return NUMBERS.get(field.type) if found is None else found
        at = moment(found)
        # Since 18.4 a moment is compared by its whole second (odoo/odoo#203626); before, with its microseconds, of
        # which the text that a client has seen knows nothing.
        return at.replace(microsecond=0) if at and tables.whole_seconds else at

    if sign.removeprefix("not ") in LIKE:
        positive = sign.removeprefix("not ")
        return lambda row: like(positive, kept(row), str(value)) != sign.startswith("not ")
    wanted = _comparable(field, value)
    if sign in ORDERED:
        compare = ORDERED[sign]
        return lambda row: (left := kept(row)) is not None and wanted is not None and bool(compare(left, wanted))
    among = wanted if sign in ("in", "not in") and isinstance(wanted, list) else [wanted]
    return lambda row: (kept(row) in among) == (sign in ("=", "in"))


def _comparable(field: Field, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_comparable(field, each) for each in value]
    if field.type == "boolean":
        return bool(value)
    if value is None or value is False or value == "":
        return NUMBERS.get(field.type)
    if field.type == "datetime":
        try:
            return moment(value)
        except ValueError:
            raise value_error(f"Invalid isoformat string: {value!r}") from None
    return value


def like(sign: str, text: Any, pattern: str) -> bool:
    """SQL's LIKE with ``%`` and ``_``; without ``=`` the pattern may stand anywhere in the text."""
    if text is None:
        return False
    parts = (".*" if each == "%" else "." if each == "_" else re.escape(each) for each in pattern)
    flags = re.DOTALL | (re.IGNORECASE if "ilike" in sign else 0)
    whole = "".join(parts) if sign.startswith("=") else f".*{''.join(parts)}.*"
    return re.fullmatch(whole, str(text), flags) is not None


def _ids(value: Any) -> list[int]:
    if value is None or value is False:
        return []
    return list(value) if isinstance(value, list | tuple) else [int(value)]

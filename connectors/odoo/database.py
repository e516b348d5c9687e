"""A database in memory, kept by Odoo's rules: the Python door of the stand-in.

Every call is one transaction, and what it writes carries the instant at which it began, to the microsecond, as
PostgreSQL's ``now()`` gives it. Time is injected; nothing here sleeps or logs. Which rules are documented and which
inferred stands in this folder's README.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from connectors.core.protocols import utc_now
from connectors.odoo import database_domain, database_rules
from connectors.odoo.database_errors import OdooError, access_error, missing_error, value_error
from connectors.odoo.database_fields import AUTOMATIC, Field, Model, Row
from connectors.odoo.database_models import MODULES, models

WHOLE_SECONDS_SINCE = 19
TICK = timedelta(microseconds=137)
ADMIN = 2
LOGGED = {"create_date", "write_date"}


class Database:
    """The tables of one company, empty but for what Odoo itself brings: a company, its user, countries, currencies.

    ``version`` is the release (16 to 19), ``modules`` the apps that are installed. ``forbidden`` names models that the
    user may not reach.
    """

    def __init__(
        self,
        *,
        name: str = "acme",
        version: int = 19,
        now: Callable[[], datetime] = utc_now,
        modules: Iterable[str] = MODULES,
    ) -> None:
        self.name = name
        self.version = version
        self.whole_seconds = version >= WHOLE_SECONDS_SINCE
        self.forbidden: set[str] = set()
        self._now = now
        self._models = models(modules, version)
        self._tables: dict[str, dict[int, Row]] = {each: {} for each in self._models}
        self._last: dict[str, int] = dict.fromkeys(self._models, 0)
        self._stamp: datetime | None = None
        self._latest = datetime.fromtimestamp(0, tz=now().tzinfo)
        database_rules.populate(self)

    @contextmanager
    def transaction(self, began: datetime | None = None) -> Iterator[datetime]:
        """Inside, everything carries the instant at which it began: now, or the one given for a transaction that has
        been open for long."""
        if self._stamp is not None:
            yield self._stamp
            return
        self._stamp = began or self._tick()
        try:
            yield self._stamp
        finally:
            self._stamp = None

    def _tick(self) -> datetime:
        """A clock that stands still would give every transaction the same microsecond, which no database does."""
        self._latest = max(self._now(), self._latest + TICK)
        if self._latest > self._now() + timedelta(milliseconds=900):
            self._latest = self._now() + timedelta(milliseconds=900)
        return self._latest

    def model(self, name: str) -> Model:
        """The model. Raises OdooError (KeyError) for one that no installed module brings."""
        try:
            return self._models[name]
        except KeyError:
            raise OdooError("builtins.KeyError", repr(name), arguments=(name,)) from None

    def knows(self, name: str) -> bool:
        """Whether an installed module brings the model."""
        return name in self._models

    def row(self, model: str, id_: int) -> Row | None:
        """The row of an id."""
        return self._tables[model].get(id_)

    def rows(self, model: str) -> list[Row]:
        """All rows of a model, archived ones too, by id."""
        return [row for _, row in sorted(self._tables[model].items())]

    def value(self, model: Model, row: Row, name: str) -> Any:
        """A field of a row as it is kept, None for empty."""
        if name == "id":
            return row.id
        if name in LOGGED:
            return row.created if name == "create_date" else row.changed
        field = model.fields[name]
        if field.type == "one2many":
            return self._inverse(field, row.id) or None
        if not field.store:
            return database_rules.computed(self, model, row, name)
        return row.values.get(name)

    def title(self, model: str, id_: int) -> str:
        """What a record is called; one that is not there is named by its model and id."""
        row = self.row(model, id_) if model in self._tables else None
        if row is None:
            return f"{model},{id_}"
        return str(self.value(self._models[model], row, "display_name") or f"{model},{id_}")

    def search(
        self,
        model: str,
        domain: Sequence[Any] = (),
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        *,
        active_test: bool = True,
    ) -> list[Row]:
        """The rows that fit, in order. Archived ones only when asked for (``active`` in the domain, or the context)."""
        known = self._reached(model)
        criteria = list(domain)
        if active_test and "active" in known.fields and "active" not in database_domain.named(criteria):
            criteria = [["active", "=", True], *criteria]
        fits = database_domain.fits(self, known, criteria)
        found = [row for row in self._tables[model].values() if fits(row)]
        for name, falling in reversed(self._keys(known, order or known.order)):
            found.sort(key=partial(self._key, known, name), reverse=falling)
        return found[offset : offset + limit if limit else None]

    def create(self, model: str, /, **values: Any) -> Row:
        """A new row. Raises OdooError for values that the model cannot hold."""
        known = self._reached(model)
        self._check(known, values)
        with self.transaction() as stamp:
            self._last[model] += 1
            row = Row(self._last[model], stamp, stamp, {"create_uid": ADMIN, "write_uid": ADMIN})
            defaults = {each.name: each.default for each in known.fields.values() if each.default is not None}
            self._tables[model][row.id] = row
            try:
                self._put(known, row, {**defaults, **database_rules.defaults(self, model, values), **values})
                database_rules.settle(self, known, row, set(values) | set(defaults))
                database_rules.check(known, row)
            except OdooError:
                del self._tables[model][row.id]
                raise
        return row

    def write(self, model: str, ids: Sequence[int], /, **values: Any) -> None:
        """Changes rows, also where nothing becomes different: a write moves ``write_date``. Raises OdooError."""
        known = self._reached(model)
        self._check(known, values)
        with self.transaction() as stamp:
            for row in self.found(model, ids):
                self._put(known, row, values)
                row.changed = stamp
                database_rules.settle(self, known, row, set(values))
                database_rules.check(known, row)

    def unlink(self, model: str, ids: Sequence[int]) -> None:
        """Deletes rows and what hangs on them; ids that are not there are passed over. Raises OdooError."""
        self._reached(model)
        gone = [row for row in map(self._tables[model].get, ids) if row is not None]
        for row in gone:
            database_rules.check_unlink(self, model, row)
        for row in gone:
            for other, field in database_rules.cascades(model):
                if other in self._tables:
                    hanging = [each.id for each in self.rows(other) if each.values.get(field) == row.id]
                    self.unlink(other, hanging)
            self._forget(model, row.id)
            self._tables[model].pop(row.id, None)

    def _forget(self, model: str, id_: int) -> None:
        """Empties the links that lead to a row: no write, so that no date moves (``ondelete`` set null)."""
        for other, field in self.links_to(model):
            for row in self._tables[other].values():
                if row.values.get(field.name) == id_:
                    row.values[field.name] = None

    def links_to(self, model: str) -> Iterator[tuple[str, Field]]:
        """The many2one fields that lead to a model, each with the model that has it."""
        for other in self._models.values():
            for field in other.fields.values():
                if field.type == "many2one" and field.relation == model and field.store:
                    yield other.name, field

    def found(self, model: str, ids: Iterable[int]) -> list[Row]:
        """The rows of the ids. Raises OdooError (MissingError) when one is not there."""
        rows = [(each, self._tables[model].get(each)) for each in ids]
        absent = [str(each) for each, row in rows if row is None]
        if absent:
            raise missing_error(model, ", ".join(absent), ADMIN)
        return [row for _, row in rows if row is not None]

    def touch(self, row: Row) -> None:
        """Moves ``write_date``, as computing a stored field again does."""
        with self.transaction() as stamp:
            row.changed = stamp

    def _reached(self, model: str) -> Model:
        known = self.model(model)
        if model in self.forbidden:
            raise access_error(model)
        return known

    def _check(self, model: Model, values: Mapping[str, Any]) -> None:
        for name in values:
            if name not in model.fields:
                raise value_error(f"Invalid field {name!r} on model {model.name!r}")

    def _put(self, model: Model, row: Row, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            field = model.fields[name]
            if name in AUTOMATIC or not field.store:
                continue
            if field.type == "one2many":
                self._lines(field, row, value or ())
            elif field.type == "many2many":
                row.values[name] = _commanded(row.values.get(name) or [], value or ()) or None
            else:
                row.values[name] = field.taken(model.name, value)

    def _lines(self, field: Field, row: Row, commands: Sequence[Any]) -> None:
        """Carries out commands on the other side of a one2many (ORM reference, "Command")."""
        for code, id_, *values in commands:
            if code == 0:
                self.create(field.relation, **{**values[0], field.inverse: row.id})
            elif code == 1:
                self.write(field.relation, [id_], **values[0])
            elif code in (2, 3):
                self.unlink(field.relation, [id_])
            elif code == 5:
                self.unlink(field.relation, self._inverse(field, row.id))

    def _inverse(self, field: Field, id_: int) -> list[int]:
        rows = self._tables.get(field.relation, {}).values()
        return sorted(each.id for each in rows if each.values.get(field.inverse) == id_ and _active(each))

    def _keys(self, model: Model, order: str) -> list[tuple[str, bool]]:
        found = []
        for part in order.split(","):
            name, *way = part.split()
            if name not in model.fields or not model.fields[name].store:
                raise value_error(f"Invalid field {name!r} on model {model.name!r} in order {order!r}")
            found.append((name, way[:1] in (["desc"], ["DESC"])))
        return found

    def _key(self, model: Model, name: str, row: Row) -> tuple[bool, Any]:
        """Empty values come last, as PostgreSQL sorts them."""
        value = self.value(model, row, name)
        if model.fields[name].type == "many2one" and value:
            value = self.title(model.fields[name].relation, value)
        return value is None, value if value is not None else 0


def _active(row: Row) -> bool:
    return bool(row.values.get("active", True))


def _commanded(held: Sequence[int], commands: Sequence[Any]) -> list[int]:
    """The ids of a many2many after commands, or after a plain list of ids."""
    ids = list(held)
    for each in commands:
        if isinstance(each, int):
            ids = [*ids, each] if each not in ids else ids
            continue
        code, id_, *more = each
        if code == 6:
            ids = list(more[0])
        elif code == 5:
            ids = []
        elif code in (2, 3):
            ids = [one for one in ids if one != id_]
        elif code == 4 and id_ not in ids:
            ids.append(id_)
    return ids

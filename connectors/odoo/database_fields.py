"""The fields and models of the stand-in's database: the words, and how a value of each type is kept and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from connectors.odoo.database_errors import value_error

SHOWN = "%Y-%m-%d %H:%M:%S"
"""How a moment is shown and written: in UTC, to the second (ORM reference, "Date(time) fields")."""
TO_MANY = frozenset({"one2many", "many2many"})
TEXTS = frozenset({"char", "text", "html"})
NUMBERS = {"integer": 0, "float": 0.0, "monetary": 0.0}


@dataclass(frozen=True, slots=True)
class Field:
    """One field. ``inverse`` is the many2one on the other side of a one2many; ``versions`` the first and last release
    that has it; ``store`` False means that it is computed whenever it is read."""

    name: str
    type: str = "char"
    string: str = ""
    relation: str = ""
    inverse: str = ""
    selection: tuple[str, ...] = ()
    required: bool = False
    readonly: bool = False
    store: bool = True
    default: Any = None
    versions: tuple[int, int] = (0, 99)

    def described(self) -> dict[str, Any]:
        """What ``fields_get`` says of it."""
        label = self.string or self.name.removesuffix("_id").replace("_", " ").capitalize()
        searchable = self.store or self.type in TO_MANY
        said: dict[str, Any] = {"type": self.type, "string": label, "name": self.name, "store": self.store}
        said |= {"required": self.required, "readonly": self.readonly, "searchable": searchable, "sortable": self.store}
        if self.relation:
            said |= {"relation": self.relation, "domain": [], "context": {}}
        if self.inverse:
            said["relation_field"] = self.inverse
        if self.selection:
            said["selection"] = [[each, each.replace("_", " ").capitalize()] for each in self.selection]
        return said

    def taken(self, model: str, value: Any) -> Any:
        """The value as it is kept, None for empty. Raises OdooError for one that the field cannot hold."""
        if value is None or (value is False and self.type != "boolean"):
            return None
        try:
            return self._converted(model, value)
        except (TypeError, ValueError):
            raise value_error(f"Wrong value for {model}.{self.name}: {value!r}") from None

    def _converted(self, model: str, value: Any) -> Any:
        if self.type == "selection" and value not in self.selection:
            raise value_error(f"Wrong value for {model}.{self.name}: {value!r}")
        if self.type in ("integer", "many2one"):
            return int(value)
        if self.type in ("float", "monetary"):
            return float(value)
        if self.type == "boolean":
            return bool(value)
        if self.type == "datetime":
            return datetime.fromisoformat(str(value)).strftime(SHOWN)
        if self.type == "date":
            return date.fromisoformat(str(value)[:10]).isoformat()
        return value if self.type == "many2many" else str(value)

    def shown(self, value: Any) -> Any:
        """The value as it is read: ``false`` for empty, zero for a number without a value."""
        if value is None:
            return NUMBERS.get(self.type, [] if self.type in TO_MANY else False)
        return value.strftime(SHOWN) if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a module, with its fields by name. ``title`` is the field that it is called by."""

    name: str
    module: str
    fields: Mapping[str, Field]
    title: str = "name"
    order: str = "id"


@dataclass(slots=True)
class Row:
    """One record. ``created`` and ``changed`` keep their microseconds; rows put in by SQL may lack the latter. A
    ``garbled`` one shows a last change that nobody can read."""

    id: int
    created: datetime
    changed: datetime | None
    values: dict[str, Any] = field(default_factory=dict)
    garbled: bool = False


LOGGED = (
    Field("id", "integer", "ID", readonly=True),
    Field("display_name", "char", readonly=True, store=False),
    Field("create_date", "datetime", "Created on", readonly=True),
    Field("create_uid", "many2one", "Created by", "res.users", readonly=True),
    Field("write_date", "datetime", "Last Updated on", readonly=True),
    Field("write_uid", "many2one", "Last Updated by", "res.users", readonly=True),
)
AUTOMATIC = frozenset(each.name for each in LOGGED)


def moment(value: Any) -> datetime | None:
    """An instant out of what a domain or a field says; None for what is empty. Raises ValueError."""
    if value in (None, False, ""):
        return None
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def texts(*names: str) -> Sequence[Field]:
    """Plain one-line texts."""
    return [Field(name) for name in names]


def links(**relations: str) -> Sequence[Field]:
    """Fields that name one record of another model: ``country_id="res.country"``."""
    return [Field(name, "many2one", relation=relation) for name, relation in relations.items()]


def amounts(*names: str) -> Sequence[Field]:
    """Sums of money."""
    return [Field(name, "monetary") for name in names]

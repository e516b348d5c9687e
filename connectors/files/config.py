"""What the admin may say about a connection to files."""

from __future__ import annotations

import codecs
import csv
import os
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules

Format = Literal["csv", "jsonl", "vcard", "ics", "mbox"]


def _known_codec(name: str) -> str:
    try:
        codecs.lookup(name or "utf-8")
    except LookupError:
        raise ValueError(f"{name!r} is no encoding that Python knows, such as utf-8, cp1252 or utf-16") from None
    return name


def _one_character(text: str) -> str:
    if text in ("\\t", "tab"):
        return "\t"
    try:
        csv.reader([], delimiter=text or ",")
    except (TypeError, ValueError):
        raise ValueError("a delimiter is one character, or 'tab'") from None
    return text


def _from_the_file(path: str, info: ValidationInfo) -> str:
    """A relative path starts at the folder of the configuration, wherever the command is run (cron: at home)."""
    folder = (info.context or {}).get("folder")
    return path if folder is None or path.startswith("~") else os.path.join(folder, path)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ParticipantConfig(_Section):
    """One role of a fact: expressions for who it was (see ParticipantRules)."""

    role: str
    each: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    ids: tuple[str, ...] = ()
    answer: str = ""

    def rules(self) -> ParticipantRules:
        """The same as the mapper takes it."""
        return ParticipantRules(**self.model_dump())


class EntityConfig(_Section):
    """One entity that a record speaks of: target field to expression over the columns (see EntityRules)."""

    name: str = ""
    kind: Kind = Kind.PERSON
    fields: dict[str, str]
    each: str = ""
    part: str = ""
    when: str = ""
    participants: tuple[ParticipantConfig, ...] = ()
    founding: bool = True
    defaults: dict[str, str] = Field(default_factory=dict)

    def rules(self) -> EntityRules:
        """The same as the mapper takes it; an entity without a name is called by its kind."""
        plain = {key: getattr(self, key) for key in ("kind", "fields", "each", "part", "when", "founding", "defaults")}
        roles = tuple(participant.rules() for participant in self.participants)
        return EntityRules(name=self.name or self.kind.value, participants=roles, **plain)


class LayoutConfig(_Section):
    """A layout that is not built in. ``match`` is a glob over file names, ``stream`` the stream's name (else the key).

    ``id`` names the column, or columns, that tell the records apart; without it a hash of the whole record does, and an
    edited record is then a new one. ``columns`` names the columns of a table that has no header line.
    """

    match: str
    stream: str = ""
    format: Format = "csv"
    id: tuple[str, ...] | str = ()
    changed_at: str = ""
    columns: tuple[str, ...] = ()
    entities: tuple[EntityConfig, ...] = ()

    @model_validator(mode="after")
    def _mapped(self) -> LayoutConfig:
        if self.format in ("csv", "jsonl") and not self.entities:
            raise ValueError("a csv or jsonl layout needs at least one entry under 'entities'")
        if self.columns and self.format != "csv":
            raise ValueError("'columns' is for csv files without a header line")
        return self

    @property
    def id_columns(self) -> tuple[str, ...]:
        """The columns of ``id`` as a tuple."""
        return (self.id,) if isinstance(self.id, str) else self.id


class FilesConfig(_Section):
    """A file, a folder or a glob (``~`` is the home folder), and how to read it where the files do not say."""

    path: Annotated[str, Field(min_length=1), AfterValidator(_from_the_file)]
    system: str = Field("", pattern=r"^[A-Za-z0-9_-]*$")
    encoding: Annotated[str, AfterValidator(_known_codec)] = ""
    delimiter: Annotated[str, AfterValidator(_one_character)] = ""
    mail_bodies: bool = False
    mail_attachments: bool = False
    layouts: dict[str, LayoutConfig] = Field(default_factory=dict)

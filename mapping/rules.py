"""Field rules as data: how a vendor's record becomes canonical entities, and a golden record a vendor's fields.

An expression is a dotted path (``properties.email``, ``"First Name"``), compiled to a plain getter, or JMESPath with
the functions of mapping/functions.py. Inside ``each`` the item's own keys are in reach, the whole record as
``_record``, and an item that is no object as ``value``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mapping.model import Kind


@dataclass(frozen=True, slots=True)
class ParticipantRules:
    """How one role of a fact is read. With ``each``, one participant an item; without, at most one.

    ``ids`` are expressions that give ``system:value`` texts or lists of them; empty answers are dropped. ``own`` is
    truthy where the record comes from this very participant's calendar.
    """

    role: str
    each: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    ids: tuple[str, ...] = ()
    answer: str = ""
    own: str = ""


@dataclass(frozen=True, slots=True)
class EntityRules:
    """How one entity is read out of a raw record.

    ``name`` is unique within the stream and begins the entity's part key; ``each`` yields one entity an item and then
    ``part`` must tell them apart. ``when`` (an expression) skips the entity where it is falsy. ``founding`` says
    whether a profile may bring a customer into being, or only enriches one that exists.
    """

    name: str
    kind: Kind
    fields: Mapping[str, str]
    each: str = ""
    part: str = ""
    when: str = ""
    participants: tuple[ParticipantRules, ...] = ()
    founding: bool = True
    defaults: Mapping[str, str] = field(default_factory=dict)

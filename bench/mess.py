"""What is wrong with invented records, by kind, and what each kind costs a resolver.

Every record of ``bench.customers`` says which of these it has. B-cubed counts by record, so what is lost can be counted
by the records of one kind; a record with several kinds counts under each of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

NICKNAME, MARRIED, INITIAL, SWAPPED, HALF_NAME, GIVEN_TYPO, FAMILY_TYPO, LAST_FIRST, GENERATION, TWIN = (
    "nickname", "married name", "initial for a given name", "given and family name swapped", "half of the name",
    "typo in the given name", "typo in the family name", "Last, First", "father and son of one name", "twin",
)  # fmt: skip
OTHER_EMAIL, EMAIL_TYPO, TAGS, FAMILY_EMAIL, ROLE_MAILBOX = (
    "second email", "typo in the email", "plus tag or gmail dots", "family email", "role mailbox",
)  # fmt: skip
OTHER_PHONE, WRONG_DIGIT, FAMILY_PHONE, MAIN_LINE, RECYCLED, PLACEHOLDER = (
    "second phone", "wrong digit in the phone", "family phone", "company's main line", "recycled phone", "placeholder",
)  # fmt: skip
MOVED, ADDRESS_TYPO, BIRTH, TAX = "old address", "typo in the address", "wrong birth date", "typo in the tax number"
NAME_ONLY, NAMELESS, NO_CONTACT = "nothing but a name", "no name", "neither email nor phone"

KINDS = (
    NICKNAME, MARRIED, INITIAL, SWAPPED, HALF_NAME, GIVEN_TYPO, FAMILY_TYPO, LAST_FIRST, GENERATION, TWIN, OTHER_EMAIL,
    EMAIL_TYPO, TAGS, FAMILY_EMAIL, ROLE_MAILBOX, OTHER_PHONE, WRONG_DIGIT, FAMILY_PHONE, MAIN_LINE, RECYCLED,
    PLACEHOLDER, MOVED, ADDRESS_TYPO, BIRTH, TAX, NAME_ONLY, NAMELESS, NO_CONTACT,
)  # fmt: skip
CLEAN = "none of these"


class Cost(NamedTuple):
    """What one kind of mess costs. ``missed`` and ``mixed`` are 1 minus B-cubed recall and precision of its records;
    the shares say how much of all that is missed, and of all that is mixed, lies in them."""

    records: int
    missed: float
    mixed: float
    share_missed: float
    share_mixed: float


def missing(values: Mapping[str, Any]) -> set[str]:
    """What a record lacks."""
    named = any(values.get(name) for name in ("name", "given_name", "family_name"))
    reached = bool(values.get("email") or values.get("phone"))
    found = set() if named else {NAMELESS}
    if not reached:
        alone = not any(values.get(name) for name in ("address", "birth_date", "tax_id", "company"))
        found.add(NAME_ONLY if named and alone else NO_CONTACT)
    return found


def costs(found: Sequence[Hashable], truth: Sequence[Hashable], messes: Sequence[AbstractSet[str]]) -> dict[str, Cost]:
    """What each kind that occurs costs, the dearest first; all three in the order of the records."""
    mine, theirs, both = Counter(found), Counter(truth), Counter(zip(found, truth, strict=True))
    records = Counter[str]()
    missed: dict[str, float] = defaultdict(float)
    mixed: dict[str, float] = defaultdict(float)
    all_missed = all_mixed = 0.0
    for one, other, mess in zip(found, truth, messes, strict=True):
        together = both[one, other]
        lost, wrong = 1 - together / theirs[other], 1 - together / mine[one]
        all_missed += lost
        all_mixed += wrong
        for kind in mess or (CLEAN,):
            records[kind] += 1
            missed[kind] += lost
            mixed[kind] += wrong
    made = {
        kind: Cost(
            many, missed[kind] / many, mixed[kind] / many,
            missed[kind] / (all_missed or 1), mixed[kind] / (all_mixed or 1),
        )
        for kind, many in records.items()
    }  # fmt: skip
    return dict(sorted(made.items(), key=lambda one: -(one[1].missed + one[1].mixed) * one[1].records))

"""How two records' emails and phones compare, and whether a name stands in the other's address."""

from __future__ import annotations

from mapping.emails import local_letters
from mapping.features.levels import how_many
from mapping.features.texts import slips
from mapping.identity import EMAIL, PHONE
from mapping.spellings import root
from mapping.statistics import Snapshot

INITIALS = 4
"""Letters up to which what stands before the sign may be initials: ak@ and am@ of one company are two people."""


def email_level(ours: tuple[str, ...], theirs: tuple[str, ...], counts: Snapshot) -> tuple[int, int]:
    """The level of two records' emails, and how many share the one in common (0 for none)."""
    common = [one for one in ours if one in theirs]
    if common:
        best = min(counts.of(EMAIL, one)[::-1] for one in common)
        return (7 if best[0] <= 1 else 6 if best[0] == 2 else 5), how_many(best[1])
    level = 1
    for one in ours:
        local, _, host = one.rpartition("@")
        for other in theirs:
            other_local, _, other_host = other.rpartition("@")
            if local == other_local:
                level = max(level, 3)
            elif len(local) <= INITIALS or len(other_local) <= INITIALS:
                continue
            elif host == other_host:
                if slips(local, other_local) <= (2 if len(local) > 7 else 1):
                    level = max(level, 4)
            elif slips(one, other) <= 2:
                level = max(level, 4)
            elif level < 2 and local_letters(one) == local_letters(other) and len(local_letters(one)) > 4:
                level = 2
    return level, 0


def phone_level(ours: tuple[str, ...], theirs: tuple[str, ...], counts: Snapshot) -> tuple[int, int]:
    """The level of two records' phones, and how many share the one in common (0 for none)."""
    common = [one for one in ours if one in theirs]
    if common:
        best = min(counts.of(PHONE, one)[::-1] for one in common)
        return (6 if best[0] <= 1 else 5 if best[0] == 2 else 4), how_many(best[1])
    level = 1
    for one in ours:
        for other in theirs:
            if one[-7:] == other[-7:]:
                level = max(level, 2)
            elif len(one) == len(other) and slips(one, other, 1) <= 1:
                level = max(level, 3)
    return level, 0


def name_in_email(given: str, family: str, emails: tuple[str, ...]) -> int:
    """How much of one record's name stands in the other's emails."""
    if len(emails) == 1:
        return _written(given, family, emails[0])
    return max(_written(given, family, one) for one in emails)


def _written(given: str, family: str, email: str) -> int:
    local = local_letters(email)
    family = family.replace(" ", "")
    has_family = len(family) > 2 and family in local
    has_given = len(given) > 2 and (given in local or (len(root(given)) > 2 and root(given) in local))
    if has_family:
        if has_given:
            return 5
        rest = local.replace(family, "", 1)
        return 4 if given and rest and rest[0] == given[0] and len(rest) <= 2 else 3
    return 2 if has_given else 1

"""A plan on disk: a private file of JSON, known by the hash of what it says.

The hash covers the changes, the rules and the accounts, and neither the time nor anything else that does not matter, so
that the same world gives the same plan.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from mapping.errors import StalePlanError
from sync.plan import Write
from sync.reports import FieldChange, PlannedChange, TargetPlan

FORMAT = 3
ABANDONED_SECONDS = 3600.0
LIFETIME_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan with what must still hold when it is applied. ``rules``: target name to the version of its rules.

    ``accounts``: connection id to the vendor account it was made for.
    """

    created_at: str
    expires_at: str
    rules: Mapping[str, str]
    accounts: Mapping[str, str]
    targets: Sequence[TargetPlan]
    writes: Sequence[Write]
    warnings: Sequence[str]

    @property
    def hash(self) -> str:
        """What the plan is known by. Worked out anew at each call."""
        told = orjson.dumps([FORMAT, self.rules, self.accounts, self.writes], option=orjson.OPT_SORT_KEYS)
        return sha256(told).hexdigest()


def save(folder: Path, plan: PlanFile) -> Path:
    """Writes the plan for its owner's eyes only, whole or not at all, and sweeps out what has expired.

    The name of the file is the plan's hash.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        if _expired(old, plan.created_at):
            old.unlink(missing_ok=True)
    name = plan.hash
    path = folder / f"{name}.json"
    draft = folder / f".{name}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps({"format": FORMAT, "plan": plan}))
        file.flush()
        os.fsync(file.fileno())
    _sweep_drafts(folder, draft.stat().st_mtime)
    draft.replace(path)
    return path


def _sweep_drafts(folder: Path, now: float) -> None:
    """Removes what processes left behind that died over it: a draft holds personal data like the plan itself."""
    for other in folder.glob(".*.*"):
        with suppress(FileNotFoundError):
            if now - other.stat().st_mtime > ABANDONED_SECONDS:
                other.unlink()


def _expired(path: Path, now: str) -> bool:
    try:
        return str(orjson.loads(path.read_bytes())["plan"]["expires_at"]) < now
    except (OSError, ValueError, KeyError, TypeError):
        return False


def load(path: Path) -> PlanFile:
    """The plan as it was saved. Raises StalePlanError when it is missing, damaged, or was changed by hand."""
    try:
        data: dict[str, Any] = orjson.loads(path.read_bytes())
        if data["format"] != FORMAT:
            raise StalePlanError("The plan was made by another version of Concord.")
        data = data["plan"]
        data["targets"] = [TargetPlan(**one) for one in data["targets"]]
        data["writes"] = [_write(one) for one in data["writes"]]
        plan = PlanFile(**data)
    except OSError:
        raise StalePlanError("The plan's file is no longer there.") from None
    except (ValueError, KeyError, TypeError):
        raise StalePlanError("The plan's file is damaged.") from None
    if plan.hash != path.stem:
        raise StalePlanError("The plan's file was changed since it was made.")
    return plan


def _write(one: dict[str, Any]) -> Write:
    shown = dict(one.pop("shown"))
    shown["fields"] = [FieldChange(**field) for field in shown["fields"]]
    match = one.pop("match")
    one["clear"] = tuple(one["clear"])
    return Write(shown=PlannedChange(**shown), match=tuple(match) if match else None, **one)

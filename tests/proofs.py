"""What the tests prove of each connector, kept in docs/connectors/proofs.json and shown in docs/connectors/README.md.

The conformance kits record what a stream and a target can do. A test that holds a connector or its stand-in against
something that is not ours is marked with what that was:

    @pytest.mark.proof("real server", "Radicale 3.9.0")
    @pytest.mark.proof("official client", "hubspot-api-client")     # the version is looked up
    @pytest.mark.proof("contract", "HubSpot's OpenAPI documents")

``make proofs`` runs the connectors' tests and writes both files; ``make test-real`` runs those that need a real server
which takes minutes to install (the marker ``real``), and writes what they proved beside the rest, where it stays until
they are run again. Every other run only compares.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import version
from typing import Any, Literal, cast

import pytest

from connectors.core.registry import catalogue
from tests.checkout import ROOT

STORE = ROOT / "docs" / "connectors" / "proofs.json"
PAGE = STORE.with_name("README.md")
OURS = frozenset({"memory"})  # stands for no vendor
KINDS = ("real server", "official client", "contract")
By = Literal["real server", "official client", "contract"]

HEAD = """\
# Connectors

What each connector can do, and what showed it. `make proofs` writes this page from the tests: from what the conformance
kits saw a stream or a target do, and from the tests that hold a connector, or the stand-in it is tested against, to
something that is not ours: a real server, the vendor's own client, the vendor's published contract. Where there is none
of these the connector is *unverified*, and its page says what is assumed.

| connector | reads | writes | increments | deletes | backfill windows | verified by | last proof |
|---|---|---|---|---|---|---|---|
"""

FOOT = """
*Increments*: a second read brings what changed, not everything. *Deletes*: native, the vendor tells; sweep, found by
listing what is still there ([`concord sweep`](../cli.md#concord-sweep)); none, never learned; expiry, the vendor
forgets what is old and Concord keeps it. *Backfill windows*: a stretch of time can be read by itself.
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """That a connector's tests passed against something that is not ours, and when they last did."""

    connector: str
    by: By
    subject: str
    on: str


@dataclass
class Proofs:
    """All that is known: per connector and stream or target what it can do, and the proofs."""

    streams: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    targets: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    proofs: list[Proof] = field(default_factory=list)

    def dump(self) -> str:
        """As text, the same for the same content."""
        proofs = sorted(self.proofs, key=lambda one: (one.connector, KINDS.index(one.by), one.subject))
        told = {"streams": self.streams, "targets": self.targets, "proofs": [asdict(one) for one in proofs]}
        return json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def load() -> Proofs:
    """What was written last."""
    if not STORE.exists():
        return Proofs()
    told = json.loads(STORE.read_text(encoding="utf-8"))
    return Proofs(told["streams"], told["targets"], [Proof(**one) for one in told["proofs"]])


def page(known: Proofs) -> str:
    """The page of all connectors."""
    return HEAD + "".join(_row(name, known) for name in catalogue() if name not in OURS) + FOOT


def _row(name: str, known: Proofs) -> str:
    streams, targets = known.streams.get(name, {}), known.targets.get(name, {})
    mine = [one for one in known.proofs if one.connector == name]
    cells = [
        f"[{catalogue()[name].title}]({name}.md)",
        _list(streams),
        _list(targets),
        _which(streams, "increments"),
        _deletes(streams),
        _which(streams, "window"),
        "; ".join(f"{kind}: {_list([one.subject for one in mine if one.by == kind])}" for kind in _kinds(mine))
        or "unverified",
        max((one.on for one in mine), default="never"),
    ]
    return f"| {' | '.join(cells)} |\n"


def _kinds(proofs: Sequence[Proof]) -> list[str]:
    return [kind for kind in KINDS if any(one.by == kind for one in proofs)]


def _list(names: Mapping[str, Any] | Sequence[str]) -> str:
    return ", ".join(sorted(names)) or "–"


def _which(streams: Mapping[str, Mapping[str, Any]], what: str) -> str:
    able = [name for name, said in streams.items() if said[what]]
    if len(able) == len(streams):
        return "yes" if able else "–"
    return _list(able) if able else "no"


def _deletes(streams: Mapping[str, Mapping[str, Any]]) -> str:
    ways: dict[str, list[str]] = {}
    for name, said in streams.items():
        ways.setdefault(said["deletes"], []).append(name)
    if len(ways) <= 1:
        return "".join(ways) or "–"
    return "; ".join(f"{way}: {_list(names)}" for way, names in sorted(ways.items()))


class Recorder:
    """Watches a test run and, when asked to, writes what it proved."""

    def __init__(self, write: bool) -> None:
        self.write = write
        self.seen: dict[tuple[str, str, str], bool] = {}
        self.abilities: list[tuple[str, str, str, dict[str, Any]]] = []

    @pytest.hookimpl
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Lets each marked test carry what it proves: a report, which may come from another process, has no marks."""
        for item in items:
            for mark in item.iter_markers("proof"):
                by, subject = mark.args
                assert by in KINDS, f"{item.nodeid}: a proof is one of {KINDS}"
                connector = mark.kwargs.get("connector") or item.path.parent.name
                item.user_properties.append(("proof", [connector, by, _versioned(by, subject)]))

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps what a finished test says."""
        if report.when != "call" and not report.failed:
            return
        told = cast(list[tuple[str, Any]], report.user_properties)  # typed as object over there
        for name, said in told:
            if name == "proof" and not report.skipped:
                key = (said[0], said[1], said[2])
                self.seen[key] = self.seen.get(key, True) and report.passed
            if name == "ability" and report.passed:
                self.abilities.append((said[0], said[1], said[2], said[3]))

    @pytest.hookimpl
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Writes both files, once, where all the tests are known."""
        if not self.write or hasattr(session.config, "workerinput"):
            return
        known = self.merged(load())
        STORE.write_text(known.dump(), encoding="utf-8")
        PAGE.write_text(page(known), encoding="utf-8")

    def merged(self, known: Proofs) -> Proofs:
        """What was known, with what this run showed over it: a proof that failed is none any more, one whose tests did
        not run keeps its date."""
        today = date.today().isoformat()  # noqa: DTZ011 - a date for people, where they are
        kept = [one for one in known.proofs if (one.connector, one.by, one.subject) not in self.seen]
        renewed = [Proof(one, cast(By, by), what, today) for (one, by, what), ok in self.seen.items() if ok]
        for connector in {ability[1] for ability in self.abilities}:
            known.streams.pop(connector, None)
            known.targets.pop(connector, None)
        for what, connector, name, said in self.abilities:
            held = known.streams if what == "stream" else known.targets
            held.setdefault(connector, {})[name] = said
        return Proofs(known.streams, known.targets, [*kept, *renewed])


def _versioned(by: str, subject: str) -> str:
    return f"{subject} {version(subject)}" if by == "official client" else subject


def tell(
    request: pytest.FixtureRequest,
    what: Literal["stream", "target"],
    connector: object,
    name: str,
    measured: Mapping[str, Any],
) -> None:
    """Records what a stream or target was seen to do; fails where the page says otherwise and is not being written."""
    package, vendor, *_ = type(connector).__module__.split(".")
    if package != "connectors" or vendor in OURS:
        return  # a third party's has no place on our page
    request.node.user_properties.append(("ability", [what, vendor, name, dict(measured)]))
    if request.config.getoption("write_proofs"):
        return
    known = load()
    held = known.streams if what == "stream" else known.targets
    assert held.get(vendor, {}).get(name) == measured, "docs/connectors is out of date: run make proofs"

"""A hub that answers from a script, put in where the terminal opens the real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from mapping.contract import Account
from state.alerts import Waiting
from sync.alert import AlertView, Tried
from sync.drifted import AcceptReport, DriftView, FieldView, SchemaView
from sync.judged import (
    Branch,
    CustomerChange,
    ExplainView,
    FactMove,
    JudgementReport,
    JudgementView,
    LinkView,
    RemoteMove,
    ValueChange,
    WhyNotView,
)
from sync.replayed import (
    FieldChanges,
    LetterGroup,
    ReplayReport,
    Sampled,
    StreamReplay,
    TriedEntity,
    TryReport,
)
from sync.reports import (
    ApplyReport,
    CheckReport,
    ConnectionStatus,
    CustomerSummary,
    CustomerView,
    DeadLetterView,
    Diagnosis,
    FieldChange,
    MemberView,
    PlannedChange,
    PlanReport,
    RemoteView,
    ResolveReport,
    RunView,
    StatusReport,
    StreamReport,
    StreamSweep,
    SweepReport,
    SyncReport,
    TargetPlan,
    TimelineItem,
    ValueView,
)
from tests.admin.fake_identity import FakeIdentity

STREAM = StreamReport("shop", "customers", "ok", read=1_200, new=1_190, changed=4, unchanged=6, pages=3, seconds=1.5)
SYNC = SyncReport((STREAM,), ResolveReport(entities=1_200, facts=90, created=1_100, merged=12, seconds=0.4))
SWEPT = StreamSweep("shop", "meetings", "ok", known=40, met=39, gone=12, unknown=11, taken=11, sample=("m7", "m8"))
SWEEP = SweepReport((SWEPT,), ResolveReport(entities=12, facts=12, changed=3))
CHECK = CheckReport("shop", "shopify", True, "Acme (acct_1)", ("customers", "orders"), ())
CHANGE = PlannedChange(
    key="c1",
    connection="crm",
    object="contacts",
    action="update",
    subject_kind="customer",
    subject_key="cus_1",
    title="Ada Example",
    remote_id="501",
    fields=(FieldChange("phone", "+31 6 1", "+31612345678", "newest, from shop/customers/7"),),
    refs={"contact": ("contacts:501",)},
)
PLAN = PlanReport(
    hash="3f9a7c51d2e8b604aa",
    path="/state/plans/3f9a.json",
    created_at="2026-11-23T12:00:00Z",
    expires_at="2026-11-24T12:00:00Z",
    targets=(TargetPlan("crm", "contacts", update=1, calls=1),),
    changes=(CHANGE,),
    warnings=("crm/contacts: 3 duplicates over there",),
)
APPLY = ApplyReport(PLAN.hash, "ok", updated=1, seconds=0.2)
STATUS = StatusReport(
    "Acme", "concord.db", (ConnectionStatus("shop", "shopify", "Acme", "ok", "2026-11-23", 9, 0),), 7, 20, 0, 0, 0
)
RUN = RunView(4, "pull", "shop", "customers", "2026-11-23T12:00:00Z", "2026-11-23T12:00:09Z", "ok", {"read": 9}, "")
LETTER = DeadLetterView(
    3, "in", "shop", "customers", "", "gid-9", "no such date", 2, "2026-11-23T12:00:00Z", "open", '{"a": 1}',
    failed=Diagnosis("person", "birth_date", "born", "text", "yesterday"),
)  # fmt: skip
GROUP = LetterGroup(
    "in", "shop", "customers", "no such date", 41, 43, "2026-11-20T12:00:00Z", "2026-11-23T12:00:00Z", 3
)
TRIED = TryReport(
    3, "shop", "customers", True, "", (TriedEntity("person", "person", {"name": "Ada"}, {"name": (None, "Ada")}),),
    {"person": {"name": "concat(['it', 's'])"}},
)  # fmt: skip
REPLAYED = StreamReplay(
    "shop", "customers", "ok", records=900, changed=12, identifying=2, dies=1, dropped=1, expired=5, calls=1,
    fields=(FieldChanges("email", 12, (Sampled("7", "ada@post.example", "ada@home.example"),)),),
)  # fmt: skip
REPLAY = ReplayReport((REPLAYED,), ResolveReport(entities=12, changed=4))
PREVIEW = ReplayReport((REPLAYED,), ResolveReport(), dry_run=True)
FIELD = FieldView(
    "born", "string", "date", "retyped", True, "", "person.birth_date", ("in spring",), "2026-11-20T12:00:00Z",
    "2026-11-23T12:00:00Z",
)  # fmt: skip
SCHEMA = SchemaView("shop", "customers", "evolve", (FIELD,))
DRIFT = DriftView(
    "2026-11-23T12:00:00Z", "shop", "customers", "born", "retyped", "date", "string", "", "retyped",
    "person.birth_date", ("in spring",),
)  # fmt: skip
ACCEPTED = AcceptReport("shop", "customers", ("born",), REPLAY)
SUMMARY = CustomerSummary("cus_1", "person", "Ada Example", "ada@post.example", "+31612345678", ("shop", "crm"), 3)
CUSTOMER = CustomerView(
    id="cus_1",
    asked="cus_0",
    kind="person",
    values=(ValueView("email", "ada@post.example", "shop", "customers", "7", "newest", "2026-01-01T00:00:00Z"),),
    members=(MemberView("shop", "customers", "", "7", "person", "same email"),),
    remotes=(RemoteView("crm", "contacts", "501", "primary", "live", {"email": "ada@post.example"}),),
)
JUDGED = JudgementReport(
    5,
    "merge",
    False,
    (
        CustomerChange(
            "cus_1", "Ada Example", "stays", ("shop/customers/7",), ("shop/customers/7", "crm/contacts/501")
        ),
        CustomerChange("cus_2", "A. Example", "cus_1", ("crm/contacts/501",), ()),
    ),
    (ValueChange("cus_1", "phone", None, "+31612345678"),),
    (FactMove("shopify:order:1", "Order #1, 19.95 EUR", ("cus_2",), ("cus_1",)),),
    (RemoteMove("crm", "contacts", "501", "cus_2", "cus_1", "duplicate"),),
)
JUDGEMENT = JudgementView(
    5, "2026-11-23T12:00:00.000000Z", "ops", "her married name", (("shop/customers/7", "crm/contacts/501"),)
)
LINK = LinkView(
    "crm/contacts/501", "shop/customers/7", "same_email", "ada@post.example", 2, "same email ada@post.example"
)
PHONE_LINK = LinkView("crm/contacts/501", "shop/customers/7", "same_phone_and_name", "+31612345678", 1, "same phone")
EXPLAINED = ExplainView(
    "cus_1",
    "cus_0",
    "Ada Example",
    (Branch("crm/contacts/501", None, (Branch("shop/customers/7", LINK, ()),)),),
    (LINK, PHONE_LINK),
    ("ops said on 2026-11-23 (judgement 4) that shop/customers/9 (cus_9) is not this customer",),
)
WHY_NOT = WhyNotView("cus_1", "cus_2", False, ("they share no email, no phone, no id",))
INCIDENT = AlertView(
    "failed_run", "shop", "a run failed", "pull customers: it answered with 503.", "2026-11-23T12:00:00.000000Z",
    "2026-11-23T12:00:30.000000Z", "",
)  # fmt: skip
UNHEARD = Waiting("!secret slack_url", 2, "it could not be reached, or did not answer in time")
SENT = Tried("!secret slack_url", True)
ITEM = TimelineItem("shopify:order:1", "2026-02-01T10:00:00Z", "order", "buyer", "Order #1, 19.95 EUR", ("shop",))


@dataclass
class FakeAlerts:
    """The alerts of such a hub."""

    hub: FakeHub

    def tell(self) -> None:
        self.hub.told += 1

    def open(self) -> Any:
        return self.hub.answers.get("open", [INCIDENT])

    def undelivered(self) -> Any:
        return self.hub.answers.get("undelivered", [])

    def test(self) -> Any:
        return self.hub._answer("test", [SENT])


@dataclass
class FakeHub:
    """Gives ``answers`` by method name (an exception is raised instead) and remembers what it was asked."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    closed: bool = False
    told: int = 0
    crashes: list[str] = field(default_factory=list)

    @property
    def alerts(self) -> FakeAlerts:
        return FakeAlerts(self)

    def __enter__(self) -> FakeHub:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True

    def _answer(self, name: str, default: Any, *args: Any, **options: Any) -> Any:
        self.asked.append((name, args, options))
        found = self.answers.get(name, default)
        if isinstance(found, BaseException):
            raise found
        return found

    def check(self, names: Sequence[str] = ()) -> Any:
        return self._answer("check", [CHECK], tuple(names))

    def sync(self, names: Sequence[str] = (), **options: Any) -> Any:
        return self._answer("sync", SYNC, tuple(names), **options)

    def sweep(self, names: Sequence[str] = (), **options: Any) -> Any:
        return self._answer("sweep", SWEEP, tuple(names), **options)

    def plan(self, names: Sequence[str] = (), *, live: bool = False) -> Any:
        return self._answer("plan", PLAN, tuple(names), live=live)

    def read_plan(self, hash_prefix: str) -> Any:
        return self._answer("read_plan", PLAN, hash_prefix)

    def apply(self, hash_prefix: str, *, skip_moved: bool = False) -> Any:
        return self._answer("apply", APPLY, hash_prefix, skip_moved=skip_moved)

    def status(self) -> Any:
        return self._answer("status", STATUS)

    def runs(self, limit: int = 20, *, each: bool = False) -> Any:
        return self._answer("runs", [RUN], limit, each=each)

    def run(self, id: int) -> Any:
        return self._answer("run", RUN, id)

    def explain(self, asked: str) -> Any:
        return self._answer("explain", EXPLAINED, asked)

    def why_not(self, first: str, second: str) -> Any:
        return self._answer("why_not", WHY_NOT, first, second)

    def merge(self, ids: Sequence[str], **options: Any) -> Any:
        return self._answer("merge", JUDGED, tuple(ids), **options)

    def unmerge(self, id_: str, records: Sequence[str] = (), **options: Any) -> Any:
        return self._answer("unmerge", JUDGED, id_, tuple(records), **options)

    def take_back(self, number: int, **options: Any) -> Any:
        return self._answer("take_back", JUDGED, number, **options)

    def judgements(self, limit: int = 20) -> Any:
        return self._answer("judgements", [JUDGEMENT], limit)

    @property
    def identity(self) -> FakeIdentity:
        return FakeIdentity(self._answer)

    def find_customers(self, query: str, limit: int = 20) -> Any:
        return self._answer("find_customers", [SUMMARY], query, limit)

    def customer(self, id: str) -> Any:
        return self._answer("customer", CUSTOMER, id)

    def timeline(self, id: str, limit: int = 50) -> Any:
        return self._answer("timeline", [ITEM], id, limit)

    @property
    def mending(self) -> FakeHub:
        return self

    def letters(self, connection: str = "", stream: str = "", reason: str = "", limit: int = 50) -> Any:
        return self._answer("letters", [LETTER], connection, stream, reason, limit)

    def letter_groups(self, connection: str = "", stream: str = "", reason: str = "") -> Any:
        return self._answer("letter_groups", [GROUP], connection, stream, reason)

    def letter(self, number: int) -> Any:
        return self._answer("letter", LETTER, number)

    def try_letter(self, number: int, rules: Sequence[str] = ()) -> Any:
        return self._answer("try_letter", TRIED, number, tuple(rules))

    def replay_letters(self, numbers: Sequence[int] = (), **options: str) -> Any:
        return self._answer("replay_letters", SYNC, tuple(numbers), **options)

    def replay(self, names: Sequence[str] = (), **options: Any) -> Any:
        if options.get("dry_run"):
            return self._answer("replay_preview", PREVIEW, tuple(names), **options)
        return self._answer("replay", REPLAY, tuple(names), **options)

    def fields(self, name: str, stream: str = "") -> Any:
        return self._answer("fields", [SCHEMA], name, stream)

    def drift(self, name: str = "", stream: str = "", limit: int = 50) -> Any:
        return self._answer("drift", [DRIFT], name, stream, limit)

    def accept(self, name: str, stream: str, names: Sequence[str] = ()) -> Any:
        return self._answer("accept", ACCEPTED, name, stream, tuple(names))

    def rebind(self, name: str) -> Any:
        return self._answer("rebind", Account("acct_2", "Acme"), name)

    def rename(self, old: str, new: str) -> Any:
        return self._answer("rename", None, old, new)


class FakeVault:
    """Secrets in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def set(self, name: str, value: str) -> None:
        self.kept[name] = value

    def names(self) -> list[str]:
        return sorted(self.kept)

    def remove(self, name: str) -> bool:
        return self.kept.pop(name, None) is not None


def fields(value: Any) -> Any:
    """A report as the JSON that it should become."""
    if isinstance(value, Mapping):
        return {name: fields(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [fields(each) for each in value]
    names = getattr(type(value), "__dataclass_fields__", None)
    return {name: fields(getattr(value, name)) for name in names} if names else value

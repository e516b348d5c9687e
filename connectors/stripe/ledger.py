"""What an account has at Stripe, in memory: customers, charges, invoices, subscriptions, and the events that tell of
them. An event holds a copy of its object as it was, in the account's own version of the API."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from connectors.core.protocols import utc_now

Object = dict[str, Any]

RETENTION = timedelta(days=30)
"""How long an event is handed out."""
OWN_VERSION = "2025-03-31.basil"
"""The version of the account, in which events are told."""
NOT_IN_OWN_VERSION = {"charge": ("invoice",), "invoice": ("charge", "payment_intent", "paid")}
NOBODY: Object = {"address": None, "email": None, "name": None, "phone": None}


class Ledger:
    """All of one account in one mode. ``now`` dates what happens; ids are numbers in the order of making."""

    def __init__(
        self,
        account: str = "acct_1Sandbox",
        *,
        livemode: bool = True,
        now: Callable[[], datetime] = utc_now,
        retention: timedelta = RETENTION,
    ) -> None:
        self.account, self.livemode, self.now, self.retention = account, livemode, now, retention
        self.name = "Plum & Co"
        self.objects: dict[str, Object] = {}
        self.deleted: dict[str, str] = {}
        self._made: dict[str, list[str]] = {}
        self._places: dict[str, int] = {}
        self._numbers = count(1)

    def find(self, kind: str, id_: str) -> Object | None:
        """The object of that id, while it is handed out."""
        found = self.objects.get(id_)
        if found is None or found["object"] != kind:
            return None
        oldest = (self.now() - self.retention).timestamp()
        return found if kind != "event" or found["created"] >= oldest else None

    def walk(self, kind: str, beside: str = "", *, back: bool = False) -> Iterator[Object]:
        """The objects of a kind, newest first, from behind one of them on; ``back``: those before it, nearest first."""
        made = self._made.get(kind, [])
        at = self._places[beside] if beside else len(made)
        for id_ in made[at + 1 :] if back else reversed(made[:at]):
            if (found := self.find(kind, id_)) is not None:
                yield found

    def customer(self, email: str | None = None, name: str | None = None, **more: Any) -> str:
        """Somebody new; the id. ``tax_ids`` are (type, value)."""
        numbers = [self._tax_id(*one) for one in more.pop("tax_ids", ())]
        id_ = self._add("cus", "customer", email=email, name=name, **_CUSTOMER, tax_ids=listed(numbers, "tax_ids"))
        self.objects[id_].update(more)
        self._tell("customer.created", id_)
        return id_

    def charge(self, amount: int, currency: str = "eur", customer: str | None = None, **more: Any) -> str:
        """A card is charged; the id, which may be given as ``id``. ``failure_code`` says that it failed, ``captured``
        False that it only is held."""
        failed, captured = bool(more.get("failure_code")), more.get("captured", True)
        money = {"amount": amount, "currency": currency, "amount_refunded": 0}
        state = {"paid": not failed, "status": "failed" if failed else "succeeded", "captured": captured and not failed}
        id_ = self._keep(
            more.pop("id", "") or f"ch_{next(self._numbers):014d}",
            "charge", **_CHARGE, **money, customer=customer, refunds=listed((), "refunds"),
            payment_intent=f"pi_{next(self._numbers):014d}", amount_captured=0 if failed or not captured else amount,
        )  # fmt: skip
        self.objects[id_].update(more, **state)
        self.objects[id_]["receipt_url"] = f"https://pay.stripe.example/receipts/{id_}"
        self._tell(f"charge.{state['status']}", id_)
        return id_

    def refund(self, charge: str, amount: int | None = None, reason: str | None = None) -> str:
        """Some of a charge, or all that is left of it, goes back; the refund's id. Raises ValueError beyond that."""
        paid = self.objects[charge]
        left = paid["amount"] - paid["amount_refunded"]
        amount = left if amount is None else amount
        if not 0 < amount <= left:
            raise ValueError("the refund is greater than what is left of the charge")
        told = {"charge": charge, "amount": amount, "currency": paid["currency"], "reason": reason}
        id_ = self._add("re", "refund", status="succeeded", payment_intent=paid["payment_intent"], **told)
        del self.objects[id_]["livemode"]  # refunds do not tell their mode
        paid["amount_refunded"] += amount
        paid["refunded"] = paid["amount_refunded"] == paid["amount"]
        self._enlist(paid)
        self._tell("refund.created", id_)
        self._tell("charge.refunded", charge)
        return id_

    def fail_refund(self, id_: str) -> None:
        """The customer's bank does not take the money back."""
        refund = self.objects[id_]
        refund["status"] = "failed"
        charge = self.objects[refund["charge"]]
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        self._enlist(charge)
        self._tell("charge.refund.updated", id_)

    def dispute(self, charge: str, reason: str = "fraudulent") -> str:
        """The cardholder disputes a charge; the dispute's id."""
        paid = self.objects[charge]
        paid["disputed"] = True
        money = {"amount": paid["amount"], "currency": paid["currency"], "payment_intent": paid["payment_intent"]}
        id_ = self._add(
            "dp", "dispute", charge=charge, reason=reason, status="needs_response", balance_transactions=[],
            is_charge_refundable=False, evidence={}, **money,
            evidence_details={"due_by": None, "has_evidence": False, "past_due": False, "submission_count": 0},
        )  # fmt: skip
        self._tell("charge.dispute.created", id_)
        return id_

    def close(self, dispute: str, status: str) -> None:
        """A dispute ends: ``won`` or ``lost``."""
        self.objects[dispute]["status"] = status
        self._tell("charge.dispute.closed", dispute)

    def subscribe(self, customer: str, amount: int, currency: str = "eur", **more: Any) -> str:
        """A customer subscribes to something that costs so much a month; the id."""
        id_ = f"sub_{next(self._numbers):014d}"
        second = self._second()
        price = {
            "id": f"price_{amount}", "object": "price", "currency": currency, "unit_amount": amount, "active": True,
            "unit_amount_decimal": str(amount), "nickname": "Wine club", "type": "recurring", "product": "prod_1",
            "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"}, "created": second,
            "billing_scheme": "per_unit", "livemode": self.livemode, "metadata": {},
        }  # fmt: skip
        item = {"id": f"si_{id_[4:]}", "object": "subscription_item", "price": price, "quantity": 1, "metadata": {}}
        item |= {"created": second, "subscription": id_, "plan": {**_PLAN, "livemode": self.livemode}}
        times = {"start_date": second, "billing_cycle_anchor": second, "current_period_start": second}
        self._keep(
            id_, "subscription", customer=customer, currency=currency, status="active", cancel_at_period_end=False,
            items=listed([item], "subscription_items"), collection_method="charge_automatically", ended_at=None,
            automatic_tax={"enabled": False}, current_period_end=second + 2_592_000, description=None, **times,
        )  # fmt: skip
        self.objects[id_].update(more)
        self._tell("customer.subscription.created", id_)
        return id_

    def cancel(self, subscription: str) -> None:
        """A subscription ends; it is still handed out."""
        self.objects[subscription].update(status="canceled", ended_at=self._second(), canceled_at=self._second())
        self._tell("customer.subscription.deleted", subscription)

    def invoice(self, customer: str, amount: int, currency: str = "eur", **more: Any) -> str:
        """A bill is written: open, unless ``status`` says otherwise; the id."""
        buyer, second = self.objects[customer], self._second()
        id_ = self._add("in", "invoice", **_INVOICE, customer=customer, currency=currency, period_start=second)
        self.objects[id_].update(
            number=f"A1B2-{id_[-4:]}", customer_email=buyer.get("email"), customer_name=buyer.get("name"),
            customer_phone=buyer.get("phone"), period_end=second, hosted_invoice_url="https://pay.stripe.example/i/1",
            status_transitions={**_TRANSITIONS, "finalized_at": second}, lines=listed((), f"invoices/{id_}/lines"),
            **dict.fromkeys(("amount_due", "amount_remaining", "subtotal", "total"), amount),
        )  # fmt: skip
        self.objects[id_].update(more)
        self._tell("invoice.created", id_)
        return id_

    def pay(self, invoice: str) -> str:
        """An invoice is paid by a charge, whose id is given."""
        bill = self.objects[invoice]
        charge = self.charge(bill["total"], bill["currency"], bill["customer"], invoice=invoice)
        bill.update(status="paid", paid=True, charge=charge, payment_intent=self.objects[charge]["payment_intent"])
        bill["status_transitions"]["paid_at"] = self._second()
        self._tell("invoice.paid", invoice)
        return charge

    def change(self, id_: str, **fields: Any) -> None:
        """An object is changed, and an event tells of it."""
        self.objects[id_].update(fields)
        kind = self.objects[id_]["object"]
        self._tell(f"{'customer.subscription' if kind == 'subscription' else kind}.updated", id_)

    def delete(self, id_: str) -> None:
        """An object is deleted: of a customer its id is still known, of a draft invoice nothing."""
        kind = self.objects[id_]["object"]
        self._tell(f"{kind}.deleted", id_)
        del self.objects[id_]
        if kind == "customer":
            self.deleted[id_] = kind

    def relive(self, charges: Iterable[Mapping[str, Any]]) -> None:
        """Lets happen what ``charge`` takes, each with its ``id`` and ``at``, the instant of it, and ``refunds``:
        (when, amount, reason). All comes in the order of its times; afterwards the clock goes on as it did."""
        steps: list[tuple[datetime, Callable[[], object]]] = []
        for told in charges:
            charge = {name: value for name, value in told.items() if name not in ("at", "refunds")}
            steps.append((told["at"], partial(self.charge, **charge)))
            steps += ((at, partial(self.refund, told["id"], *rest)) for at, *rest in told.get("refunds", ()))
        clock = self.now
        for at, act in sorted(steps, key=lambda step: step[0]):
            self.now = partial(_same, at)
            act()
        self.now = clock

    def call(self, event: int = -1) -> Mapping[str, Any]:
        """The body by which Stripe tells an endpoint of an event: by default of the last."""
        return self.objects[self._made["event"][event]]

    def _enlist(self, charge: Object) -> None:
        """Puts the refunds that were not undone into their charge: the ten youngest, as Stripe does."""
        found = [one for one in self.walk("refund") if one["charge"] == charge["id"] and one["status"] != "failed"]
        charge["refunds"] = listed(found[:10], f"charges/{charge['id']}/refunds", more=len(found) > 10)

    def _tax_id(self, kind: str, value: str) -> Object:
        id_ = f"txi_{next(self._numbers):014d}"
        told = {"id": id_, "object": "tax_id", "type": kind, "value": value, "country": value[:2], "customer": None}
        return {**told, "created": self._second(), "livemode": self.livemode, "verification": None}

    def _add(self, prefix: str, kind: str, **fields: Any) -> str:
        return self._keep(f"{prefix}_{next(self._numbers):014d}", kind, **fields)

    def _keep(self, id_: str, kind: str, **fields: Any) -> str:
        told = {"id": id_, "object": kind, "created": self._second(), "livemode": self.livemode, "metadata": {}}
        self.objects[id_] = told | copy.deepcopy(fields)
        made = self._made.setdefault(kind, [])
        self._places[id_] = len(made)
        made.append(id_)
        return id_

    def _tell(self, event: str, id_: str) -> None:
        found = copy.deepcopy(self.objects[id_])
        for name in NOT_IN_OWN_VERSION.get(found["object"], ()):
            found.pop(name, None)
        id_ = self._add(
            "evt", "event", api_version=OWN_VERSION, type=event, data={"object": found}, pending_webhooks=0,
            request={"id": None, "idempotency_key": None},
        )  # fmt: skip
        del self.objects[id_]["metadata"]

    def _second(self) -> int:
        return int(self.now().timestamp())


def _same(at: datetime) -> datetime:
    return at


def listed(found: Any, path: str, *, more: bool = False) -> Object:
    """A list as Stripe has it inside of an object."""
    return {"object": "list", "data": list(found), "has_more": more, "url": f"/v1/{path}"}


_CUSTOMER: Mapping[str, Any] = {
    "address": None, "balance": 0, "currency": "eur", "default_source": None, "delinquent": False, "description": None,
    "phone": None, "preferred_locales": [], "shipping": None, "tax_exempt": "none",
}  # fmt: skip
_CHARGE: Mapping[str, Any] = {
    "billing_details": NOBODY, "description": None, "disputed": False, "failure_code": None, "failure_message": None,
    "invoice": None, "refunded": False, "receipt_email": None, "balance_transaction": None,
    "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242", "fingerprint": "F1", "country"
    : "NL", "exp_month": 8, "exp_year": 2030, "funding": "credit", "network": "visa", "three_d_secure": None,
    "checks": None, "installments": None, "mandate": None, "wallet": None}},
}  # fmt: skip
_TRANSITIONS = {"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None}
_INVOICE: Mapping[str, Any] = {
    "amount_paid": 0, "amount_shipping": 0, "attempt_count": 0, "attempted": False, "auto_advance": False,
    "automatic_tax": {"enabled": False, "status": None}, "charge": None, "collection_method": "send_invoice",
    "default_tax_rates": [], "description": None, "due_date": None, "paid": False, "paid_out_of_band": False,
    "payment_intent": None, "payment_settings": {"payment_method_types": None, "payment_method_options": None,
    "default_mandate": None}, "post_payment_credit_notes_amount": 0, "pre_payment_credit_notes_amount": 0,
    "starting_balance": 0, "status": "open", "subscription": None, "total_tax_amounts": [],
}  # fmt: skip
_PLAN: Mapping[str, Any] = {
    "id": "plan_1", "object": "plan", "active": True, "billing_scheme": "per_unit", "created": 1_700_000_000,
    "currency": "eur", "interval": "month", "interval_count": 1, "usage_type": "licensed", "metadata": {},
}  # fmt: skip

"""Stand-ins that hold so many records: a function for each connector that is measured.

Records came over a month that ended ten days ago, so that a read without news finds none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import count

from connectors.core.sandbox import SandboxServer

NOW = datetime.now(UTC)
START = NOW - timedelta(days=40)
WHO = "ilse@acme.example"


def spread(records: int, number: int) -> datetime:
    """The instant of a record: they came over a month, which ended ten days ago."""
    return START + timedelta(days=30) * number / records


@dataclass(slots=True)
class Filling:
    """The clock of a stand-in while it is filled; afterwards it shows the present, as ``at`` is None."""

    at: datetime | None = START

    def now(self) -> datetime:
        """The instant."""
        return self.at or datetime.now(UTC)


def hubspot(records: int) -> SandboxServer:
    """A portal with contacts and deals, each deal of one contact."""
    from connectors.hubspot.portal import Portal
    from connectors.hubspot.sandbox import HubSpotSandbox

    filling = Filling()
    portal = Portal(now=filling.now)
    for number in range(records):
        name = {"firstname": "Ada", "lastname": f"Castro {number}"}
        contact = portal.create("contacts", {"email": f"ada.{number}@example.com", **name})
        deal = portal.create("deals", {"dealname": f"Roof {number}", "amount": str(number)})
        portal.link("deals", deal.id, "contacts", contact.id)
    filling.at = None
    return HubSpotSandbox(portal)


def gmail(records: int) -> SandboxServer:
    """One mailbox."""
    from connectors.gmail.sandbox import Box, GmailSandbox

    box = Box(WHO)
    for number in range(records):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = f"kim.{number}@plum.example", WHO, f"Question {number}"
        mail["Message-ID"] = f"<m{number}@plum.example>"
        mail.set_content("Hello.")
        box.deliver(mail, at=spread(records, number))
    return GmailSandbox({WHO: box})


def google_calendar(records: int) -> SandboxServer:
    """One calendar."""
    from connectors.google_calendar.agenda import Agenda
    from connectors.google_calendar.sandbox import GoogleCalendarSandbox

    agenda = Agenda((WHO,))
    for number in range(records):
        start = START + timedelta(hours=number)
        guests = [{"email": f"kim.{number}@plum.example", "responseStatus": "accepted"}]
        times = {
            "start": {"dateTime": start.isoformat()},
            "end": {"dateTime": (start + timedelta(hours=1)).isoformat()},
        }
        agenda.insert(WHO, {"summary": f"Meeting {number}", "attendees": guests, **times})
    return GoogleCalendarSandbox(agenda)


def microsoft365(records: int) -> SandboxServer:
    """One mailbox with everything in its inbox, and one calendar."""
    from connectors.microsoft365.sandbox import Diary, MicrosoftSandbox, Postbox

    box, diary = Postbox(WHO), Diary((WHO,))
    for number in range(records):
        person = {"emailAddress": {"address": f"kim.{number}@plum.example", "name": "Kim"}}
        mail = {"subject": f"Question {number}", "internetMessageId": f"<m{number}@plum.example>", "from": person}
        box.deliver({**mail, "toRecipients": [{"emailAddress": {"address": WHO, "name": "Ilse"}}]}, "inbox")
        start = START + timedelta(hours=number % 1_000)
        times = {"start": start, "end": start + timedelta(hours=1)}
        planned = {name: {"dateTime": at.isoformat(), "timeZone": "UTC"} for name, at in times.items()}
        guest = {**person, "type": "required", "status": {"response": "accepted"}}
        diary.insert(WHO, {"subject": f"Meeting {number}", "attendees": [guest], **planned}, "")
    return MicrosoftSandbox({WHO: box}, diary)


def magento(records: int) -> SandboxServer:
    """One shop with orders of guests."""
    from connectors.magento.sandbox import MagentoSandbox, Shop

    filling = Filling()
    shop = Shop(now=filling.now)
    for number in range(records):
        filling.at = spread(records, number)
        shop.order(f"{number}.50", customer_email=f"kim.{number}@plum.example")
    filling.at = None
    return MagentoSandbox(shop)


def odoo(records: int) -> SandboxServer:
    """One database with partners."""
    from connectors.odoo.database import Database
    from connectors.odoo.sandbox import OdooSandbox

    filling = Filling()
    database = Database(now=filling.now)
    database.unlink("res.partner", [row.id for row in database.rows("res.partner")])
    for number in range(records):
        filling.at = spread(records, number)
        database.create("res.partner", name=f"Ada {number}", email=f"ada.{number}@example.com")
    filling.at = None
    return OdooSandbox(database)


def shopify(records: int) -> SandboxServer:
    """One shop with customers and orders, each of one line. What the bench sleeps does not pass for the shop, so its
    bucket holds all that is asked for, and a bulk operation is done at once."""
    from connectors.shopify.sandbox import Points, ShopifySandbox
    from connectors.shopify.shop import Shop

    filling = Filling()
    shop = Shop(now=filling.now)
    for number in range(records):
        filling.at = spread(records, number)
        customer = shop.customer("Ada", f"Castro {number}", email=f"ada.{number}@example.com")
        shop.order([("Chair", 1, f"{number}.50")], customer=customer)
    filling.at = None
    return ShopifySandbox(shop, points=Points(1e9, 1e6, 1e9), bulk_seconds=0)


def meta_lead_ads(records: int) -> SandboxServer:
    """One form."""
    from connectors.meta_lead_ads.business import example
    from connectors.meta_lead_ads.sandbox import MetaSandbox

    filling = Filling()
    business = example(filling.now)
    form = next(iter(business.forms.values()))
    for number in range(records):
        filling.at = spread(records, number)
        business.submit(form, {"full_name": "Kim Plum", "email": f"kim.{number}@plum.example"})
    filling.at = None
    return MetaSandbox(business)


def medusa(records: int) -> SandboxServer:
    """One shop with customers, who each bought once."""
    from connectors.medusa.sandbox import MedusaSandbox
    from connectors.medusa.store import Store

    filling = Filling()
    store = Store(now=filling.now)
    for number in range(records):
        filling.at = spread(records, number)
        store.buy(store.register(f"ada.{number}@example.com", last=f"Castro {number}"), str(10 + number))
    filling.at = None
    return MedusaSandbox(store)


def linkedin_lead_sync(records: int) -> SandboxServer:
    """One ad account."""
    from connectors.linkedin_lead_sync.sandbox import ACCOUNT, LinkedInSandbox, Owner

    owner = Owner(ACCOUNT)
    for number in range(records):
        answers = {"FIRST_NAME": "Kim", "EMAIL": f"kim.{number}@plum.example"}
        owner.submit(answers, spread(records, number))
    return LinkedInSandbox({ACCOUNT: owner})


def google_ads_leads(records: int) -> SandboxServer:
    """One account."""
    from connectors.google_ads_leads.account import AdsAccount
    from connectors.google_ads_leads.sandbox import CUSTOMER, AdsSandbox

    account = AdsAccount(CUSTOMER)
    for number in range(records):
        account.submit({"EMAIL": f"kim.{number}@plum.example"}, spread(records, number))
    return AdsSandbox(account)


def stripe(records: int) -> SandboxServer:
    """One account with a customer and charges of theirs."""
    from connectors.stripe.sandbox import Ledger, StripeSandbox

    filling = Filling()
    ledger = Ledger(now=filling.now)
    who = ledger.customer("kim@plum.example", "Kim Plum")
    for number in range(records):
        filling.at = spread(records, number)
        ledger.charge(1_000 + number, customer=who)
    filling.at = None
    return StripeSandbox(ledger)


def tiktok_leads(records: int) -> SandboxServer:
    """One form."""
    from connectors.tiktok_leads.sandbox import Form, TikTokSandbox

    form = Form("7100000000000000001", "Trial form")
    for number in range(records):
        form.submit({"Email": f"kim.{number}@plum.example"}, spread(records, number))
    # An export takes a while over there; here five seconds go by whenever the stand-in looks at its clock.
    looks = count()
    return TikTokSandbox({form.id: form}, now=lambda: NOW + timedelta(seconds=5 * next(looks)))


def vendure(records: int) -> SandboxServer:
    """One shop with customers, who each bought once."""
    from connectors.vendure.sandbox import VendureSandbox
    from connectors.vendure.shop import Shop

    filling = Filling()
    shop = Shop(now=filling.now)
    for number in range(records):
        filling.at = spread(records, number)
        shop.buy(shop.register(f"ada.{number}@example.com", last=f"Castro {number}"), 1000 + number)
    filling.at = None
    return VendureSandbox(shop)


def woocommerce(records: int) -> SandboxServer:
    """A shop with so many customers and so many orders, each of one customer."""
    from connectors.woocommerce.sandbox import WooSandbox
    from connectors.woocommerce.shop import WooShop

    filling = Filling()
    shop = WooShop(now=filling.now)
    for number in range(records):
        filling.at = spread(records, number)
        buyer = shop.customer(f"ada.{number}@example.com", first_name="Ada", last_name=f"Castro {number}")
        shop.order(customer_id=buyer, status="completed", line_items=[{"name": "A roof", "total": "12.50"}])
    filling.at = None
    return WooSandbox(shop)


def bigcommerce(records: int) -> SandboxServer:
    """A store with so many customers and so many orders, each of one customer."""
    from connectors.bigcommerce.sandbox import BigCommerceSandbox
    from connectors.bigcommerce.store import BigStore

    filling = Filling()
    store = BigStore(now=filling.now)
    for number in range(records):
        filling.at = spread(records, number)
        buyer = store.customer(f"ada.{number}@example.com", first_name="Ada", last_name=f"Castro {number}")
        store.order([{"name": "A roof", "price_ex_tax": "12.50"}], customer_id=buyer)
    filling.at = None
    store.calls.clear()
    return BigCommerceSandbox(store, quota=1_000_000)  # the connector keeps to the smallest plan by itself

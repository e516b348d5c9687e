"""The tools that the invented company uses beside its real servers, each a stand-in with what it plays.

A further tool is one more line of ``tools``: the connection's name, the vendor, its title, and the part.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from icalendar import Calendar

from admin.demo import abroad, ads, agendas, campaigns, mail, marketing, meetings, shop, shopmail, storefront, till
from admin.demo.company import dice
from admin.demo.people import TOLD, Person
from admin.demo.standins import Part, StandIn
from admin.demo.takings import Business

TITLES = ("Known in every system", "A lead who became a buyer", "A guest at a meeting, known by an address only")


def tools(seed: int, people: Sequence[Person], sold: Business) -> list[StandIn]:
    """A stand-in for each tool. Each draws its own dice, so that a change to one leaves the others as they were."""

    def shop_mail(exports: Path) -> Part:
        return shopmail.part(dice(seed, "shop mail"), mail.messages(dice(seed, "mail"), people), people)

    def bas(exports: Path) -> Part:
        workshop = Calendar.from_ical((exports / meetings.FILE).read_bytes())
        return agendas.google(dice(seed, "talks"), workshop, people)

    def ilse(exports: Path) -> Part:
        workshop = mail.messages(dice(seed, "mail"), people)
        return agendas.microsoft(dice(seed, "talks"), dice(seed, "ilse"), workshop, people)

    def meta(exports: Path) -> Part:
        return ads.part(dice(seed, "ads"), marketing.leads(dice(seed, "leads"), people), people)

    def linkedin(exports: Path) -> Part:
        return campaigns.linkedin(dice(seed, "linkedin"), people, datetime.now(UTC))

    def storehouse(exports: Path) -> Part:
        rows = shop.customers(dice(seed, "shop customers"), sold.shop)
        return storefront.part(dice(seed, "storefront"), rows, sold.shop)

    return [
        StandIn("shop", "shopify", "Shopify", storehouse),
        StandIn("shop_uk", "woocommerce", "WooCommerce", lambda _: abroad.part(sold.britain)),
        StandIn("payments", "stripe", "Stripe", lambda _: till.part(sold.shop.sales, sold.britain, sold.links)),
        StandIn("shop_mail", "gmail", "Gmail", shop_mail),
        StandIn("bas", "google_calendar", "Google Calendar", bas),
        StandIn("ilse", "microsoft365", "Microsoft 365", ilse),
        StandIn("ads", "meta_lead_ads", "Meta", meta),
        StandIn(
            "google_ads", "google_ads_leads", "Google Ads", lambda _: campaigns.google(dice(seed, "google"), people)
        ),
        StandIn("tiktok", "tiktok_leads", "TikTok", lambda _: campaigns.tiktok(dice(seed, "tiktok"), people)),
        StandIn("linkedin", "linkedin_lead_sync", "LinkedIn", linkedin),
    ]


def featured(people: Sequence[Person], sold: Business) -> list[tuple[str, Person]]:
    """Those whose stories are told, under what title: the first of all, one whom a form of the last weeks has brought,
    and one who bought in pounds."""
    brought = campaigns.became_buyers(people, campaigns.GOOGLE_DAYS)[:1]
    return [
        *zip(TITLES, people[:TOLD], strict=False),
        *(("A lead of the last weeks, a buyer by now", person) for person in brought),
        *(("A buyer from Britain, in pounds", order.person) for order in sold.britain[-1:]),
    ]

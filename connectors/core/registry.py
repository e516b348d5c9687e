"""Every vendor Concord knows: one line each here, third parties by the entry-point group ``concord.connectors``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from connectors.core.protocols import Vendor

if TYPE_CHECKING:
    from connectors.core.sandbox import SandboxServer

GROUP = "concord.connectors"

BUILT_IN = {
    "bigcommerce": "connectors.bigcommerce.connector:VENDOR",
    "caldav": "connectors.caldav.connector:VENDOR",
    "carddav": "connectors.carddav.connector:VENDOR",
    "files": "connectors.files.connector:VENDOR",
    "gmail": "connectors.gmail.connector:VENDOR",
    "google_ads_leads": "connectors.google_ads_leads.connector:VENDOR",
    "google_calendar": "connectors.google_calendar.connector:VENDOR",
    "hubspot": "connectors.hubspot.connector:VENDOR",
    "imap": "connectors.imap.connector:VENDOR",
    "linkedin_lead_sync": "connectors.linkedin_lead_sync.connector:VENDOR",
    "magento": "connectors.magento.connector:VENDOR",
    "medusa": "connectors.medusa.connector:VENDOR",
    "memory": "connectors.memory.connector:VENDOR",
    "meta_lead_ads": "connectors.meta_lead_ads.connector:VENDOR",
    "microsoft365": "connectors.microsoft365.connector:VENDOR",
    "odoo": "connectors.odoo.connector:VENDOR",
    "shopify": "connectors.shopify.connector:VENDOR",
    "stripe": "connectors.stripe.connector:VENDOR",
    "tiktok_leads": "connectors.tiktok_leads.connector:VENDOR",
    "tryton": "connectors.tryton.connector:VENDOR",
    "vendure": "connectors.vendure.connector:VENDOR",
    "woocommerce": "connectors.woocommerce.connector:VENDOR",
}


class _Vendors(Mapping[str, Vendor]):
    """Vendor by name, in the order of the names. A vendor's module is loaded when somebody asks for that vendor: most
    hubs know a handful of them, and all together take half a second of a core."""

    def __init__(self, places: Mapping[str, EntryPoint]) -> None:
        self._places = dict(sorted(places.items()))
        self._loaded: dict[str, Vendor] = {}

    def __getitem__(self, name: str) -> Vendor:
        if name not in self._loaded:
            self._loaded[name] = self._places[name].load()
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@cache
def catalogue() -> Mapping[str, Vendor]:
    """Vendor by name, each loaded when it is asked for. A third party cannot shadow a built-in name."""
    ours = {name: EntryPoint(name, place, GROUP) for name, place in BUILT_IN.items()}
    return _Vendors({point.name: point for point in entry_points(group=GROUP)} | ours)


@cache
def stand_ins() -> Sequence[str]:
    """The vendors that have a stand-in which is a server: a ``sandbox.py`` with a ``serve`` beside the connector."""
    return tuple(name for name, place in sorted(_places().items()) if name != "memory" and _has_one(place))


def stand_in(name: str, port: int, **contents: Any) -> AbstractContextManager[SandboxServer]:
    """The stand-in of a vendor, running while the block does. Raises OSError where the port is taken.

    ``contents`` is what it holds from the beginning, in the words of its own ``serve``.
    """
    sandbox = import_module(_beside(_places()[name]))
    return cast("AbstractContextManager[SandboxServer]", sandbox.serve(port, **contents))


def _places() -> Mapping[str, str]:
    return {point.name: point.value for point in entry_points(group=GROUP)} | BUILT_IN


def _has_one(place: str) -> bool:
    """A third party's connector may be a module that lies in no package; then nothing lies beside it."""
    return not _beside(place).startswith(".") and find_spec(_beside(place)) is not None


def _beside(place: str) -> str:
    return place.split(":")[0].rpartition(".")[0] + ".sandbox"

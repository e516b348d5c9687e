"""Third parties are found by their entry points, with their stand-ins, and take nobody's name."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from connectors.core import registry
from connectors.hubspot.connector import VENDOR


@pytest.fixture
def third_parties(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """What the distributions of this environment offer."""
    found: list[EntryPoint] = []
    monkeypatch.setattr(registry, "entry_points", lambda group: [one for one in found if one.group == group])
    for cached in (registry.catalogue, registry.stand_ins):
        cached.cache_clear()
    yield found
    for cached in (registry.catalogue, registry.stand_ins):
        cached.cache_clear()


def offer(name: str, place: str) -> EntryPoint:
    """An entry point as a distribution declares it."""
    return EntryPoint(name, place, registry.GROUP)


def test_a_third_party_is_in_the_catalogue_and_its_stand_in_among_the_stand_ins(
    third_parties: list[EntryPoint],
) -> None:
    third_parties.append(offer("other", "connectors.hubspot.connector:VENDOR"))
    assert registry.catalogue()["other"] is VENDOR
    assert "other" in registry.stand_ins()
    with registry.stand_in("other", 0) as server:
        assert server.url


def test_a_third_party_cannot_take_a_name_that_is_built_in(third_parties: list[EntryPoint]) -> None:
    third_parties.append(offer("hubspot", "connectors.memory.connector:VENDOR"))
    assert registry.catalogue()["hubspot"] is VENDOR


def test_a_connector_that_lies_in_no_package_has_no_stand_in(third_parties: list[EntryPoint]) -> None:
    third_parties.append(offer("single", "single_module:VENDOR"))
    assert "single" not in registry.stand_ins()


def test_a_vendor_is_loaded_when_somebody_asks_for_it(third_parties: list[EntryPoint]) -> None:
    third_parties.append(offer("broken", "no_such_module_anywhere:VENDOR"))
    vendors = registry.catalogue()
    assert "broken" in vendors
    assert "hubspot" in vendors
    assert "nobody" not in vendors
    assert list(vendors) == sorted({*registry.BUILT_IN, "broken"})
    assert len(vendors) == len(registry.BUILT_IN) + 1
    assert vendors["hubspot"] is VENDOR
    with pytest.raises(ModuleNotFoundError):
        vendors["broken"]
    with pytest.raises(KeyError):
        vendors["nobody"]

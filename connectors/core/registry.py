"""Every vendor Concord knows: one line each here, third parties by the entry-point group ``concord.connectors``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from connectors.core.protocols import Vendor

GROUP = "concord.connectors"

BUILT_IN = {
    "files": "connectors.files.connector:VENDOR",
    "hubspot": "connectors.hubspot.connector:VENDOR",
    "memory": "connectors.memory.connector:VENDOR",
}


@cache
def catalogue() -> Mapping[str, Vendor]:
    """Vendor by name. A third party cannot shadow a built-in name."""
    found: dict[str, Vendor] = {}
    for point in entry_points(group=GROUP):
        found[point.name] = point.load()
    for name, place in BUILT_IN.items():
        module, attribute = place.split(":")
        found[name] = getattr(import_module(module), attribute)
    return dict(sorted(found.items()))

"""What a vendor says of its connections before anybody logs in, as a promise that every connector is held to."""

from __future__ import annotations

from connectors.core.registry import catalogue
from tests.connectors.rig import ReaderRig


class DeclaredContract:
    """A part of ``ReaderContract``."""

    def test_what_the_vendor_declares_beforehand_is_what_a_connection_has(self, rig: ReaderRig) -> None:
        connector = rig.connector()
        vendor = next((one for one in catalogue().values() if one.name in type(connector).__module__.split(".")), None)
        if vendor is None or not vendor.streams:
            return
        assert {stream.name for stream in connector.streams()} <= set(vendor.streams)
        if connector.writes is not None:
            written = [(one.object, one.kind, one.fields) for one in connector.writes.targets()]
            assert [(one.object, one.kind, one.fields) for one in vendor.targets] == written

"""The conformance kits. A vendor's test file subclasses these with one fixture, ``rig``, and is done:

    class TestReading(ReaderContract):
        @pytest.fixture
        def rig(self) -> Iterator[ContactsRig]: ...

What a rig must offer is written in rig.py.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.connectors.reader_contract", "tests.connectors.writer_contract")

from tests.connectors.reader_contract import ReaderContract  # noqa: E402 - the rewriting must be asked for first
from tests.connectors.rig import Clock, Key, Lack, ReaderRig, Reading, Rig, Tokens, WriterRig, read  # noqa: E402
from tests.connectors.served import SandboxRig  # noqa: E402
from tests.connectors.writer_contract import WriterContract  # noqa: E402

__all__ = [
    "Clock",
    "Key",
    "Lack",
    "ReaderContract",
    "ReaderRig",
    "Reading",
    "Rig",
    "SandboxRig",
    "Tokens",
    "WriterContract",
    "WriterRig",
    "read",
]

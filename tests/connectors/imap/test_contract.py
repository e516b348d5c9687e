"""IMAP held to the reader's kit on a real Dovecot, with all that it can do and with less."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mapping.contract import Deletes
from tests.connectors.contract import ReaderContract
from tests.connectors.imap.post import Post
from tests.connectors.rig import ReaderRig, stream_of
from tests.servers.dovecot import Dovecot

pytestmark = pytest.mark.proof("real server", "Dovecot 2.3 of Debian 12")


class TestMessages(ReaderContract):
    @pytest.fixture(params=[{}, {"bodies": True, "attachments": True}], ids=["headers", "bodies"])
    def rig(self, request: pytest.FixtureRequest, dovecots: dict[str, Dovecot]) -> Iterator[Post]:
        rig = Post(dovecots["qresync"], **request.param)
        yield rig
        rig.close()


class TestMessagesWithoutQresync(ReaderContract):
    @pytest.fixture
    def rig(self, dovecots: dict[str, Dovecot]) -> Iterator[Post]:
        rig = Post(dovecots["condstore"])
        yield rig
        rig.close()

    def test_the_page_of_connectors_says_what_the_stream_can_do(
        self, rig: ReaderRig, request: pytest.FixtureRequest
    ) -> None:
        """The page tells of a server that can do everything; this one leaves deletions to sweeps, and says so."""
        assert stream_of(rig.connector(), rig.stream).deletes is Deletes.SWEEP

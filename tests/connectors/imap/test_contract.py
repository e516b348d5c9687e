"""IMAP held to the reader's kit on a real Dovecot, with all that it can do and with less."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mapping.contract import Deletes
from tests.connectors.contract import ReaderContract
from tests.connectors.imap.otherwise import CyrusMail
from tests.connectors.imap.post import Post
from tests.connectors.rig import Lack, ReaderRig, stream_of
from tests.servers.dovecot import Dovecot

DOVECOT = pytest.mark.proof("real server", "Dovecot 2.3 of Debian 12")


@DOVECOT
class TestMessages(ReaderContract):
    @pytest.fixture(params=[{}, {"bodies": True, "attachments": True}], ids=["headers", "bodies"])
    def rig(self, request: pytest.FixtureRequest, dovecots: dict[str, Dovecot]) -> Iterator[Post]:
        rig = Post(dovecots["qresync"], **request.param)
        yield rig
        rig.close()


class TestMessagesOnCyrus(ReaderContract):
    pytestmark = pytest.mark.proof("real server", "Cyrus 3.6 of Debian 12")

    @pytest.fixture
    def rig(self, cyrus: CyrusMail) -> Iterator[Post]:
        rig = Post(cyrus, include=["INBOX"])
        rig.folders = ("INBOX",)  # folders made in one second have one UIDVALIDITY, so that ids alone tell no messages
        rig.lacks = (Lack.EXPIRY,)
        yield rig
        rig.close()


@DOVECOT
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

"""Cyrus as a mail server: the second that is not ours, and of other makers."""

from __future__ import annotations

import imaplib
import socket

from tests.servers.cyrus import Cyrus


class CyrusMail:
    """The mail side of a Cyrus that runs."""

    realm = ""
    capability = ""

    def __init__(self, cyrus: Cyrus) -> None:
        self._cyrus = cyrus
        self.port, self.password = cyrus.imap_port, cyrus.password

    def door(self, user: str) -> imaplib.IMAP4:
        """A connection of somebody else's mail program; makes the user."""
        self._cyrus.add_user(user)
        mail = imaplib.IMAP4("127.0.0.1", self.port, timeout=30)
        mail.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        mail.login(user, self.password)
        return mail

    def forget(self, user: str) -> None:
        """Cyrus keeps its counts with the mail."""
        raise AssertionError(f"nobody makes Cyrus forget what changed for {user}")

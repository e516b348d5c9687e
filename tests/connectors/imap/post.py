"""A mailbox for each test on a real Dovecot, a proxy before it that can fail, and connectors that read it."""

from __future__ import annotations

import imaplib
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from itertools import count
from typing import Any, Protocol

from connectors.core.protocols import Connector, Stream
from connectors.imap.connector import VENDOR, ImapConnector
from connectors.imap.login import ImapConfig, quoted
from connectors.imap.mapping import HEADER_BYTES
from mapping.contract import RemoteId
from tests.connectors.contract import Clock, Key, Lack, Tokens
from tests.connectors.imap.proxy import Proxy

WRONG_PASSWORD = "wrong-pw-27182"
NUMBERS = count(1)


class MailServer(Protocol):
    """A real server on which anybody has a mailbox. ``realm`` is how the names of its users end."""

    capability: str

    @property
    def port(self) -> int: ...

    @property
    def password(self) -> str: ...

    @property
    def realm(self) -> str: ...

    def door(self, user: str) -> imaplib.IMAP4:
        """A connection of somebody else's mail program."""
        ...

    def forget(self, user: str) -> None:
        """Lets the server lose count of what changed in a mailbox."""
        ...


class Post:
    """The mailbox of somebody whom no other test knows: INBOX, Sent, and whatever is made."""

    page_size = 2
    folders: Sequence[str] = ("INBOX", "Sent")
    stream = "messages"
    envelope = ("_key", "_thread", "_rest", "_direction", "_sent")
    lacks: Collection[Lack] = ()

    def __init__(self, server: MailServer, **config: Any) -> None:
        self.server, self.config = server, config
        self.clock = Clock()
        self.user = f"ada{next(NUMBERS)}{server.realm}"
        self.proxy = Proxy(server.port)
        self.mail = server.door(self.user)
        self.secrets = (server.password, WRONG_PASSWORD)

    def close(self) -> None:
        """Hangs up."""
        self.mail.shutdown()
        self.proxy.stop()

    def settings(self, **config: Any) -> dict[str, Any]:
        """What a connection's config has to say to reach the mailbox."""
        reach = {"host": "127.0.0.1", "port": self.proxy.port, "security": "none"}
        login = {"username": self.user, "password": self.server.password}
        return {**reach, **login, "page_size": self.page_size, **self.config, **config}

    def built(self, **config: Any) -> ImapConnector:
        """A connector that has asked nothing yet."""
        made = VENDOR.build(ImapConfig.model_validate(self.settings(**config)), self.clock.runtime(), Tokens())
        assert isinstance(made, ImapConnector)
        return made

    def connector(self, **config: Any) -> ImapConnector:
        """A connector as the hub opens it: whose mailbox it is was asked first."""
        made = self.built(**config)
        with self.proxy.spared():
            made.check()
        return made

    def messages(self, **config: Any) -> Stream:
        """The one stream of a new connector."""
        (found,) = self.connector(**config).streams()
        return found

    def messages_unasked(self, **config: Any) -> Stream:
        """The one stream of a connector that has asked nothing yet."""
        (found,) = self.built(**config).streams()
        return found

    def stranger(self) -> Connector:
        return self.built(password=WRONG_PASSWORD)

    def rate_limit(self, retry_after: float | None) -> None:
        self.proxy.refuse("[LIMIT] come back later")

    def server_error(self) -> None:
        self.proxy.refuse("[UNAVAILABLE] the mail store is away")

    def truncate(self) -> None:
        self.proxy.cut()

    # -- the back door: another mail program

    def deliver(
        self, text: str | bytes, folder: str = "INBOX", flags: str = "", at: datetime | None = None
    ) -> RemoteId:
        """Puts a message into a folder; its id."""
        raw = text.encode() if isinstance(text, str) else text
        when = imaplib.Time2Internaldate(at or self.clock.now())
        _, said = self._do(self.mail.append(quoted(folder), flags or None, when, raw))
        _, validity, uid = said[0].split(b"]")[0].split()
        return RemoteId(f"{int(validity)}/{int(uid)}")

    def store(self, id_: str, flags: str, folder: str = "INBOX", how: str = "+FLAGS") -> None:
        """Changes the flags of a message."""
        self._do(self.mail.select(quoted(folder)))
        self._do(self.mail.uid("STORE", id_.partition("/")[2], how, f"({flags})"))
        self._do(self.mail.unselect())

    def expunge(self, id_: str, folder: str = "INBOX") -> None:
        """Removes a message."""
        self.store(id_, "\\Deleted", folder)
        self._do(self.mail.select(quoted(folder)))
        self._do(self.mail.uid("EXPUNGE", id_.partition("/")[2]))
        self._do(self.mail.unselect())

    def make(self, folder: str) -> None:
        """A new folder, by its name as it goes over the wire."""
        self._do(self.mail.create(quoted(folder)))

    def remove(self, folder: str) -> None:
        """Removes a folder with all that is in it."""
        self._do(self.mail.delete(quoted(folder)))

    def seen(self, id_: str, folder: str = "INBOX") -> str:
        """The flags of a message."""
        self._do(self.mail.select(quoted(folder), readonly=True))
        _, said = self._do(self.mail.uid("FETCH", id_.partition("/")[2], "(FLAGS)"))
        self._do(self.mail.unselect())
        return str(said[0])

    @staticmethod
    def _do(answer: tuple[str, Any]) -> tuple[str, Any]:
        assert answer[0] == "OK", answer
        return answer

    # -- the rig's back doors

    def put(self, number: int) -> Key:
        folder = self.folders[number % len(self.folders)]
        return folder, self.deliver(letter(number), folder)

    def change(self, key: Key) -> None:
        self.store(key[1], f"tag{next(NUMBERS)}", key[0])

    def delete(self, key: Key) -> None:
        self.expunge(key[1], key[0])

    def put_bad(self) -> Key:
        return "INBOX", self.deliver(f"Message-ID: <bad@x>\r\nTo: {'x' * HEADER_BYTES}\r\n\r\nx\r\n")

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        """As when a server's indexes are lost and made anew."""
        self.server.forget(self.user)


def letter(number: int, text: str = "Hello", **headers: str) -> str:
    """A mail from Kim; ``headers`` are more of them, or others (``Message_ID``)."""
    whole = {
        "Message-ID": f"<m{number}@plum.example>",
        "Date": "Fri, 1 May 2026 10:00:00 +0200",
        "From": "Kim Plum <kim@plum.example>",
        "To": "Ada <ada@acme.example>",
        "Subject": f"Question {number}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return "".join(f"{name}: {value}\r\n" for name, value in whole.items() if value) + f"\r\n{text}\r\n"

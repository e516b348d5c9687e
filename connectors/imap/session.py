"""Conversations with an IMAP server: what is asked, what the answers hold, and what its refusals mean.

RFC 3501 (IMAP), 7162 (CONDSTORE, QRESYNC), 5530 (response codes), 6154 (special use), 2342 (namespaces), read
2026-11-23. imaplib speaks, IMAPClient's parsers read. Folders are opened by EXAMINE and contents asked for by PEEK, so
nothing is ever marked as read.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from imapclient.exceptions import ProtocolError
from imapclient.imap_utf7 import decode as decode_utf7
from imapclient.imap_utf7 import encode as encode_utf7
from imapclient.response_parser import parse_fetch_response, parse_response

from connectors.core.protocols import Runtime, TokenStore
from connectors.core.retry import Retry
from connectors.imap.login import ImapConfig, connect, hang_up, log_in, quoted, token
from mapping.errors import (
    AuthError,
    ConcordError,
    ConfigError,
    ContractError,
    ForbiddenError,
    RateLimitedError,
    RecordError,
    TransientError,
)

T = TypeVar("T")
Found = Mapping[bytes, Any]
"""What a server says of one message, by the name of the item."""

BY_CODE: Mapping[str, type[ConcordError]] = {
    "AUTHENTICATIONFAILED": AuthError,
    "AUTHORIZATIONFAILED": AuthError,
    "EXPIRED": AuthError,
    "PRIVACYREQUIRED": AuthError,
    "NOPERM": ForbiddenError,
    "LIMIT": RateLimitedError,
    "OVERQUOTA": RateLimitedError,
    "THROTTLED": RateLimitedError,
    "UNAVAILABLE": TransientError,
    "INUSE": TransientError,
    "NONEXISTENT": TransientError,
}
"""By the code of a refusal: RFC 5530; OVERQUOTA and THROTTLED are what Gmail and Yahoo say to one who asks too much."""
LATER = re.compile(rb"too many|try again|temporar|limit|throttl", re.IGNORECASE)
STALE = 60.0
"""After so many seconds of silence a connection is asked whether it still lives."""
RETRY = Retry(attempts=3)
WHY: Mapping[type[Exception], str] = {
    socket.gaierror: "no server of that name is known",
    ConnectionRefusedError: "nobody listens there",
    TimeoutError: "it fell silent",
    ssl.SSLError: "it speaks no TLS that we know",
    imaplib.IMAP4.abort: "it broke off",
}
_CODE = re.compile(rb"\[([A-Z-]+)")
_ONLY_FLAGS = re.compile(rb"\d+ \(FLAGS \([^()]*\)\)$")
_RANGE = re.compile(rb"(\d+)(?::(\d+))?")


@dataclass(frozen=True, slots=True)
class Box:
    """A folder as it was opened. ``next`` is the UID that the next message will get, ``modseq`` the folder's last
    change, 0 where the server keeps no count of them."""

    validity: int
    next: int
    modseq: int
    count: int


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that can be opened. ``uses`` are its attributes in lower case (``\\sent``)."""

    name: str
    delimiter: str
    uses: frozenset[str]


class Session:
    """One connection that is logged in. Raises errors of the tree only."""

    def __init__(self, config: ImapConfig, runtime: Runtime, access: str) -> None:
        self._host, self._meter, self.folder, self.box = config.host, runtime.meter, "", Box(0, 0, 0, 0)
        self._runtime, self.used = runtime, runtime.monotonic()
        self._others: Collection[str] | None = None
        with self._errors("LOGIN"):
            self._meter.request(f"imap://{self._host}/LOGIN")
            self.server = connect(config)
            try:
                log_in(self.server, config, access)
                # What a server can do it says again, and more of it, once it knows who asks.
                said = self._take("CAPABILITY", lambda: self.server.capability())
                self.can = frozenset(b" ".join(said).decode("ascii", "replace").upper().split())
                self.condstore, self.qresync = bool(self.can & {"CONDSTORE", "QRESYNC"}), "QRESYNC" in self.can
                if self.condstore and "ENABLE" in self.can:
                    self._take("ENABLE", lambda: self.server.enable("QRESYNC" if self.qresync else "CONDSTORE"))
            except BaseException:
                hang_up(self.server)
                raise

    def close(self) -> None:
        """Hangs up."""
        hang_up(self.server)

    def lives(self) -> bool:
        """Whether the server still listens to us."""
        if self._runtime.monotonic() - self.used < STALE:
            return True
        with suppress(ConcordError):
            self._ask("NOOP", lambda: self.server.noop())
            return True
        return False

    def folders(self) -> Sequence[Folder]:
        """Every folder of the account itself that holds messages."""
        # Special uses may be left out of a plain LIST (RFC 6154 section 2).
        pattern = '"*" RETURN (SPECIAL-USE)' if "SPECIAL-USE" in self.can else '"*"'
        said = [one for one in self._ask("LIST", lambda: self.server.list('""', pattern)) if one]
        found = []
        with self._errors("LIST"):
            flat = parse_response(said) if said else ()
            for flags, delimiter, name in zip(*[iter(flat)] * 3, strict=True):
                uses = frozenset(flag.decode("ascii", "replace").lower() for flag in flags)
                text = decode_utf7(name) if isinstance(name, bytes) else str(name)
                if not uses & {"\\noselect", "\\nonexistent"}:
                    found.append(Folder(text, (delimiter or b"").decode("ascii", "replace"), uses))
        return found

    def others(self) -> Collection[str]:
        """How the names of folders begin that belong to somebody else, or to everybody."""
        if self._others is None:
            self._others = ()
            if "NAMESPACE" in self.can:
                said = self._ask("NAMESPACE", lambda: self.server.namespace())
                with self._errors("NAMESPACE"):
                    kinds = parse_response(said)[1:]
                    self._others = [decode_utf7(prefix) for kind in kinds for prefix, _ in kind or () if prefix]
        return self._others

    def examine(self, folder: str) -> Box:
        """Opens the folder for reading. Raises TransientError where it is gone."""
        self.folder = ""
        self._ask("EXAMINE", lambda: self.server.select(quoted(encode_utf7(folder).decode("ascii")), readonly=True))
        validity, following = self._number("UIDVALIDITY"), self._number("UIDNEXT")
        if not validity or not following:
            raise ContractError(f"{self._host} gives no UIDVALIDITY or UIDNEXT for a folder")
        modseq = self._number("HIGHESTMODSEQ") if self.condstore else 0
        self.folder, self.box = folder, Box(validity, following, modseq, self._number("EXISTS"))
        return self.box

    def search(self, low: int, high: int, *criteria: str) -> Sequence[int]:
        """The UIDs between two, both included, of messages that meet the criteria; in order."""
        asked = (f"UID {low}:{high}", *criteria)
        said = self._ask("SEARCH", lambda: self.server.uid("SEARCH", *asked))
        return sorted({int(one) for line in said if line for one in line.split() if one.isdigit()})

    def changes(self, low: int, high: int, modseq: int) -> tuple[Collection[int], Collection[int]]:
        """The UIDs between two, both included, of messages that came or changed after ``modseq``, and of those that
        went; the latter are told by QRESYNC only."""
        self.server.response("VANISHED")  # what was said of earlier questions
        modifier = f"(CHANGEDSINCE {modseq}{' VANISHED' if self.qresync else ''})"
        said = self._ask("FETCH", lambda: self.server.uid("FETCH", f"{low}:{high}", "(UID)", modifier))
        _, vanished = self.server.response("VANISHED")
        gone = {
            uid
            for line in vanished
            if line
            for first, last in _RANGE.findall(line)
            for uid in range(max(low, int(first)), min(high, int(last or first)) + 1)
        }
        return {uid for uid in self._parsed(said) if low <= uid <= high}, gone

    def fetch(self, uids: Sequence[int], items: str) -> Mapping[int, Found]:
        """What the server says of messages, by UID; those that are gone are left out.

        Raises RecordError where it cannot say it, or nobody can read it: one message may spoil the answer for all.
        """
        said = self._ask("FETCH", lambda: self.server.uid("FETCH", ",".join(map(str, uids)), items), RecordError)
        wanted = frozenset(uids)
        return {uid: found for uid, found in self._parsed(said).items() if uid in wanted}

    def _parsed(self, said: Sequence[Any]) -> Mapping[int, Found]:
        # Without QRESYNC, news of other messages comes by sequence number, which may be the UID of one asked for.
        mine = [one for one in said if one and not (isinstance(one, bytes) and _ONLY_FLAGS.match(one))]
        self._meter.received(sum(len(part) for one in mine for part in (one if isinstance(one, tuple) else (one,))))
        try:
            return parse_fetch_response(mine, normalise_times=False) if mine else {}
        except (ProtocolError, ValueError, TypeError, IndexError, AttributeError):
            problem = f"{self._host} describes a message in a way that cannot be read"
        raise RecordError(problem)

    def _number(self, name: str) -> int:
        _, said = self.server.response(name)
        return int(said[-1]) if said and said[-1] and said[-1].isdigit() else 0

    def _ask(
        self,
        what: str,
        question: Callable[[], tuple[str, Sequence[Any]]],
        otherwise: type[ConcordError] = TransientError,
    ) -> Sequence[Any]:
        """The answer. A refusal without a code that we know raises ``otherwise``."""
        with self._errors(what, otherwise):
            return self._take(what, question)

    def _take(self, what: str, question: Callable[[], tuple[str, Sequence[Any]]]) -> Sequence[Any]:
        self._meter.request(f"imap://{self._host}/{what}")
        status, said = question()
        self.used = self._runtime.monotonic()
        if status != "OK":
            raise _NoError(said[-1] if said else b"")
        return said

    @contextmanager
    def _errors(self, what: str, otherwise: type[ConcordError] = TransientError) -> Iterator[None]:
        """Errors of the tree in place of imaplib's, which quote the server: it may name people."""
        try:
            yield
            return
        except ssl.SSLCertVerificationError as error:
            advice = "if it is signed by an authority of your own, name that in ca_file"
            raised: ConcordError = ConfigError(f"{self._host}: {error.verify_message or 'bad certificate'}; {advice}")
        except (OSError, imaplib.IMAP4.abort) as error:
            why = next((words for kind, words in WHY.items() if isinstance(error, kind)), type(error).__name__)
            raised = LostError(f"{self._host} was lost during {what}: {why}")
        except _NoError as error:
            raised = self._refusal(what, error.said, otherwise)
        except (ProtocolError, ValueError, TypeError):
            raised = ContractError(f"{self._host} answered {what} in a way that cannot be read")
        except imaplib.IMAP4.error as error:
            said = error.args[0] if error.args else b""
            if what == "LOGIN":
                raised = self._refusal(what, said if isinstance(said, bytes) else str(said).encode(), AuthError)
            else:
                raised = ContractError(f"{self._host} does not know {what} as we say it")
        raise raised from None

    def _refusal(self, what: str, said: bytes, otherwise: type[ConcordError]) -> ConcordError:
        found = _CODE.match(said)
        code = found.group(1).decode() if found else ""
        kind = BY_CODE.get(code) or (RateLimitedError if LATER.search(said) else otherwise)
        return kind(f"{self._host} refused {what}{f' [{code}]' if code else ''}")


class LostError(TransientError):
    """The connection broke; the question can be asked again on another one."""


class _NoError(Exception):
    """The server said no."""

    def __init__(self, said: bytes) -> None:
        super().__init__()
        self.said = said


class Server:
    """One mailbox at one server: connections that are kept between questions. Safe to share among threads."""

    def __init__(self, config: ImapConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config, self._runtime = config, runtime
        self._token = token(config, runtime, tokens)
        self._idle: list[Session] = []
        self.tells: bool | None = None
        """Whether the server tells of deletions in every folder that was opened; None before anybody logged in."""
        weakref.finalize(self, _hang_up, self._idle)

    def ask(self, question: Callable[[Session], T], folder: str = "", validity: int = 0) -> T:
        """The answer, asked on a connection where the folder is open; again on another one where the first is lost.

        Raises TransientError where the folder is not the one of ``validity`` any more.
        """
        for attempt in range(1, RETRY.attempts):
            try:
                return self._once(question, folder, validity)
            except LostError:
                seconds = RETRY.delay(attempt, None)
                self._runtime.meter.waited(seconds, "retry")
                self._runtime.sleep(seconds)
        return self._once(question, folder, validity)

    def _once(self, question: Callable[[Session], T], folder: str, validity: int) -> T:
        session = self._session()
        try:
            if folder and session.folder != folder:
                session.examine(folder)
            if validity and session.box.validity != validity:
                raise TransientError("a folder was made anew while it was read")
            answer = question(session)
            if session.folder and not session.box.modseq:  # NOMODSEQ: a folder may keep no count where others do
                self.tells = False
        except (LostError, ContractError):
            session.close()
            raise
        except BaseException:
            self._idle.append(session)
            raise
        self._idle.append(session)
        return answer

    def _session(self) -> Session:
        while self._idle:
            with suppress(IndexError):  # another thread was quicker
                kept = self._idle.pop()
                if kept.lives():
                    return kept
                kept.close()
        try:
            session = Session(self._config, self._runtime, self._access())
        except AuthError:
            if self._token is None or not self._token.refresh():
                raise
            session = Session(self._config, self._runtime, self._access())
        self.tells = session.qresync and self.tells is not False
        return session

    def _access(self) -> str:
        return self._token.headers()["Authorization"].removeprefix("Bearer ") if self._token else ""


def _hang_up(sessions: list[Session]) -> None:
    for session in sessions:
        session.close()

"""Address books on real servers, written to by another door than the hub's, and the text of cards to put there."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from urllib.parse import quote
from xml.etree.ElementTree import fromstring
from xml.sax.saxutils import escape

import httpx

from tests.servers.calendars import CalendarServer

_NUMBERS = count(1)
_MAKE = """<?xml version="1.0" encoding="utf-8"?>
<D:mkcol xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav">
<D:set><D:prop>
<D:resourcetype><D:collection/><C:addressbook/></D:resourcetype><D:displayname>{name}</D:displayname>
</D:prop></D:set>
</D:mkcol>"""
_LIST = '<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>'
_XML = {"Content-Type": "application/xml; charset=utf-8"}
_VCF = {"Content-Type": "text/vcard; charset=utf-8"}


class AddressBooks:
    """The address books of one user. Close it: what was made is removed from the server then."""

    def __init__(self, server: CalendarServer) -> None:
        self._home = server.home.replace("calendars", "addressbooks" if server.user else "contacts")
        login = httpx.BasicAuth(server.user, server.password) if server.user else None
        self._client = httpx.Client(base_url=server.url, auth=login, verify=False, trust_env=False, timeout=60.0)
        self._made: dict[str, str] = {}

    def close(self) -> None:
        """Removes the books that were made and are still there."""
        for path in self._made:
            self._client.delete(path)
        self._client.close()

    def make(self, name: str) -> str:
        """Makes an address book and returns its path."""
        path = f"{self._home}{quote(f'book-{next(_NUMBERS)}')}/"
        self._ask("MKCOL", path, _MAKE.format(name=escape(name)), _XML)
        self._made[path] = name
        return path

    def put(self, id_: str, text: str) -> None:
        """Writes a card at a path, whatever is there."""
        self._ask("PUT", id_, text, _VCF)

    def delete(self, id_: str) -> None:
        """Removes a card, or a book with all that is in it."""
        self._ask("DELETE", id_)

    def get(self, id_: str) -> str:
        """The text of a card, in the line ends of the format."""
        return self._ask("GET", id_).text.replace("\r\n", "\n").replace("\n", "\r\n")

    def etag(self, id_: str) -> str:
        """The ETag of a card."""
        return self._ask("GET", id_).headers["etag"]

    def cards(self, book: str) -> Mapping[str, str]:
        """The texts of all cards of a book, by path."""
        answer = self._ask("PROPFIND", book, _LIST, {**_XML, "Depth": "1"})
        hrefs = [one.text or "" for one in fromstring(answer.content).iter("{DAV:}href")]
        return {href: self.get(href) for href in sorted(hrefs) if not href.endswith("/")}

    def rebuild(self, path: str) -> None:
        """Removes a book and makes it again with the same cards: the server forgets every sync token of it."""
        kept = self.cards(path)
        self.delete(path)
        self._ask("MKCOL", path, _MAKE.format(name=escape(self._made[path])), _XML)
        for id_, text in kept.items():
            self.put(id_, text)

    def _ask(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        answer = self._client.request(method, path, content=body.encode() if body else None, headers=headers)
        assert answer.is_success, f"{method} {path} answered {answer.status_code}: {answer.text[:200]}"
        return answer


def card(uid: str, *lines: str, name: str = "Kim Plum", version: str = "3.0") -> str:
    """The text of a card; ``lines`` are properties beside the required ones."""
    given, _, family = name.partition(" ")
    fixed = (f"VERSION:{version}", f"UID:{uid}", f"FN:{name}", f"N:{family};{given};;;")
    return "\r\n".join(("BEGIN:VCARD", *fixed, *lines, "END:VCARD", ""))

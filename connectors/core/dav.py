"""WebDAV as calendars and address books speak it: the members of a collection, their contents, and what changed.

RFC 4918 (WebDAV) and 6578 (sync-collection), read 2026-11-23. What tells CalDAV from CardDAV is a ``Service``, which
the vendor's folder defines. Which collections there are is told by dav_discovery.py; dav_reading.py makes a stream of
them.

    Dav(runtime, url, service, auth)
    ├── sync(path, token)      what changed since a token (names and ETags), and the next token
    ├── listing(path)          every member's name and ETag; query(path, filter) those that match
    ├── fetch(path, names)     the members' contents, by multiget
    ├── put, delete            with the ETag that is expected to be there
    └── propfind, report       the requests beneath
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import httpx

from connectors.core import answers, redact
from connectors.core.auth import Auth
from connectors.core.http import Http
from connectors.core.multistatus import (
    DAV,
    Multistatus,
    Response,
    Tag,
    canonical,
    document,
    members,
    names,
    parse,
)
from connectors.core.protocols import Runtime
from mapping.errors import ConcordError, ContractError, CursorExpiredError, ForbiddenError, GoneError, RecordError

XML = "application/xml; charset=utf-8"
ETAG = f"{DAV}getetag"
KIND = f"{DAV}resourcetype"
GONE = frozenset({404, 410})
MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Service:
    """What tells one use of WebDAV from another, by the names of its RFC.

    ``query`` is the name of its search report.
    """

    name: str
    namespace: str
    home: str
    collection: str
    multiget: str
    query: str
    data: str
    media_type: str
    components: str = ""

    def tag(self, local: str) -> str:
        """A name in the namespace of the service."""
        return f"{{{self.namespace}}}{local}"


@dataclass(frozen=True, slots=True)
class Resource:
    """One member with its content."""

    name: str
    etag: str
    data: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a token: ETags by name, names that are gone, the next token; ``more``: ask again with it."""

    changed: Mapping[str, str]
    removed: frozenset[str]
    token: str
    more: bool


@dataclass(frozen=True, slots=True)
class Fetched:
    """Contents by name, what could not be read of some, and the names that are gone."""

    resources: Mapping[str, Resource]
    errors: Sequence[RecordError]
    gone: frozenset[str]


class Dav:
    """One account at one server. Every method raises the errors of ``Http``, and ContractError for an answer that is
    no WebDAV."""

    def __init__(self, runtime: Runtime, url: str, service: Service, auth: Auth | None = None) -> None:
        parts = urlsplit(url)
        self.origin = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
        self.start = canonical(f"{parts.path.rstrip('/')}/", "/")  # a collection's address ends so (RFC 4918 5.2)
        self.service = service
        self._http = Http(runtime, self.origin, auth=auth, classify=_classify)

    def sync(self, path: str, token: str = "") -> Changes:
        """What changed in a collection since the token; every member where it is empty.

        Raises CursorExpiredError where the server knows the token no more, GoneError where the collection is gone.
        """
        asked = (Tag(f"{DAV}sync-token", token), Tag(f"{DAV}sync-level", "1"), Tag(f"{DAV}prop", inner=names(ETAG)))
        found = self.report(path, Tag(f"{DAV}sync-collection", inner=asked), depth=0)
        # Section 3.6 of RFC 6578: a 507 for the collection itself says that there is more to come.
        more = any(one.status == 507 and one.path.rstrip("/") == path.rstrip("/") for one in found.responses)
        if not found.token or (more and found.token == token):
            raise ContractError(f"REPORT {path}: the answer brings no further sync token")
        inside = members(found.responses, path)
        removed = frozenset(name for name, one in inside.items() if one.status in GONE)
        changed = {name: one.text(ETAG) for name, one in inside.items() if name not in removed}
        return Changes(changed, removed, found.token, more)

    def listing(self, path: str) -> Mapping[str, str]:
        """The ETags of all members by name. Raises GoneError."""
        found = self.propfind(path, 1, names(ETAG, KIND))
        plain = [one for one in found if not one.has(KIND, f"{DAV}collection")]
        return {name: one.text(ETAG) for name, one in members(plain, path).items()}

    def query(self, path: str, filter_: Tag) -> Mapping[str, str]:
        """The ETags, by name, of the members that the service's own search report finds. Raises GoneError."""
        asked = (Tag(f"{DAV}prop", inner=names(ETAG)), filter_)
        found = self.report(path, Tag(self.service.tag(self.service.query), inner=asked))
        return {name: one.text(ETAG) for name, one in members(found.responses, path).items()}

    def fetch(self, path: str, wanted: Iterable[str]) -> Fetched:
        """The contents of members.

        What the report leaves out, or cannot say (a control character in one calendar spoils the XML of all, a large
        one makes the answer too long), is asked for one by one, so that one bad member costs one member.
        """
        left = dict.fromkeys(wanted)
        resources: dict[str, Resource] = {}
        gone: set[str] = set()
        errors: list[RecordError] = []
        for name, one in self._multiget(path, left).items() if left else ():
            data = one.properties.get(self.service.tag(self.service.data))
            if one.status in GONE:
                gone.add(name)
            elif data is not None:
                resources[name] = Resource(name, one.text(ETAG), data.text or "")
        for name in left:
            if name not in resources and name not in gone:
                try:
                    resources[name] = self._get(path, name)
                except GoneError:
                    gone.add(name)
                except RecordError as error:
                    errors.append(error)
        return Fetched(resources, errors, frozenset(gone))

    def _multiget(self, path: str, wanted: Collection[str]) -> Mapping[str, Response]:
        """What the report says of the members; nothing where it cannot be read."""
        properties = Tag(f"{DAV}prop", inner=names(ETAG, self.service.tag(self.service.data)))
        hrefs = [Tag(f"{DAV}href", f"{path}{name}") for name in wanted]
        try:
            found = self.report(path, Tag(self.service.tag(self.service.multiget), inner=(properties, *hrefs)))
        except ContractError:
            return {}
        return {name: one for name, one in members(found.responses, path).items() if name in wanted}

    def _get(self, path: str, name: str) -> Resource:
        headers = {"Accept": self.service.media_type}
        try:
            response = self._http.request("GET", f"{self.origin}{path}{name}", headers=headers)
        except (ContractError, ForbiddenError) as error:
            raise RecordError(str(error), remote_id=name) from None
        if not response.is_success or "html" in response.headers.get("content-type", ""):
            raise ContractError(f"{answers.describe(response)} with something else than {self.service.media_type}")
        return Resource(name, response.headers.get("etag", ""), text(response.content))

    def put(self, path: str, name: str, data: str, *, expect: str | None = None) -> str:
        """Writes a member and returns its new ETag, '' where the server gives none.

        ``expect`` is the ETag that must be there now, '' for none at all, None for whatever there is. Raises
        ConflictError where something else is there.
        """
        headers = {"Content-Type": f"{self.service.media_type}; charset=utf-8"}
        if expect is not None:
            headers |= {"If-Match": expect} if expect else {"If-None-Match": "*"}
        response = self._http.request("PUT", f"{self.origin}{path}{name}", content=data.encode(), headers=headers)
        self._insist_on_success(response)
        return str(response.headers.get("etag", ""))

    def delete(self, path: str, name: str, *, expect: str | None = None) -> None:
        """Removes a member. Raises ConflictError where it has another ETag than ``expect``, GoneError."""
        headers = {"If-Match": expect} if expect else {}
        self._insist_on_success(self._http.request("DELETE", f"{self.origin}{path}{name}", headers=headers))

    # -- requests

    def propfind(self, path: str, depth: int, wanted: Sequence[Tag]) -> Sequence[Response]:
        """Properties of a resource, and with depth 1 of what is in it. Raises GoneError."""
        body = document(Tag(f"{DAV}propfind", inner=(Tag(f"{DAV}prop", inner=wanted),)))
        return self._ask("PROPFIND", path, body, depth).responses

    def report(self, path: str, root: Tag, depth: int = 1) -> Multistatus:
        """The answer to a report. Raises GoneError, CursorExpiredError."""
        return self._ask("REPORT", path, document(root), depth)

    def _ask(self, method: str, path: str, body: bytes, depth: int) -> Multistatus:
        """The answer, where need be from the place that the server says to look at instead."""
        headers = {"Content-Type": XML, "Depth": str(depth), "Accept": "application/xml, text/xml"}
        for _ in range(MOST_REDIRECTS):
            response = self._http.request(method, f"{self.origin}{path}", content=body, headers=headers)
            if not response.is_redirect:
                if response.status_code != 207:
                    raise ContractError(f"{answers.describe(response)}, which is no WebDAV answer to it")
                return parse(response.content, path)
            path = self.here(response.headers.get("location", ""), path)
        raise ContractError(f"{method} {path}: more than {MOST_REDIRECTS} redirects")

    def here(self, href: str, at: str) -> str:
        """The path of an address that the server sends us to. Raises ContractError where it is at another server: the
        password is meant for the one that the admin named."""
        try:
            there = httpx.URL(self.origin).join(at).join(href)
        except httpx.InvalidURL:
            raise ContractError(f"{at}: the server sends us to an address that is none") from None
        base = httpx.URL(self.origin)
        if (there.scheme, there.host, there.port) != (base.scheme, base.host, base.port):
            other = redact.address(there)
            raise ContractError(f"{at}: the server sends us to {other}; if that is right, set url to it")
        return canonical(href, at)

    @staticmethod
    def _insist_on_success(response: httpx.Response) -> None:
        if not response.is_success:
            raise ContractError(answers.describe(response))


def text(content: bytes) -> str:
    """Calendar or card as text: UTF-8 as its RFC demands, else what old programs of the West wrote."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _classify(response: httpx.Response) -> ConcordError | None:
    """Redirects are left to whoever asked; a token that is not known any more is told by the element that RFC 6578
    section 3.2 names, in a 403 (Radicale) or a 412 (Xandikos): both seen 2026-11-23."""
    if response.is_redirect:
        return None
    error = answers.classify(response)
    if error is None or response.request.method != "REPORT" or b"valid-sync-token" not in response.content:
        return error
    return CursorExpiredError(f"{answers.describe(response)}: the sync token is not known any more")

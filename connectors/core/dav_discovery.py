"""Which calendars or address books an account has, from whatever address of the server its owner knows.

RFC 5397 (current-user-principal), RFC 6764 section 6 (well-known addresses), and the home sets of RFC 4791 section
6.2.1 and RFC 6352 section 7.1.1, read 2026-11-23.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.core.dav import GONE, Dav
from connectors.core.multistatus import DAV, Response, Tag, names
from mapping.errors import AuthError, ContractError, GoneError

PRINCIPAL = f"{DAV}current-user-principal"
UNAUTHENTICATED = f"{DAV}unauthenticated"
KIND = f"{DAV}resourcetype"
NAME = f"{DAV}displayname"
REPORTS = f"{DAV}supported-report-set"
CTAG = "{http://calendarserver.org/ns/}getctag"


@dataclass(frozen=True, slots=True)
class Collection:
    """One calendar or address book. ``path`` is canonical and ends with a slash; ``tag`` changes with any member
    ('' where the server keeps none); ``components`` are what it may hold (empty: anything)."""

    path: str
    name: str
    syncs: bool
    tag: str = ""
    components: frozenset[str] = frozenset()


class Discovery:
    """What ``dav`` finds at its address. Every method raises the errors of ``Dav``."""

    def __init__(self, dav: Dav) -> None:
        self._dav = dav
        self._service = dav.service

    def principal(self) -> str:
        """The address of who we are there; that of the place asked where the server knows no principals. Raises
        AuthError where it knows them, but not us."""
        place = self._entrance()
        return f"{self._dav.origin}{self._principal_of(place) or place.path}"

    def collections(self) -> list[Collection]:
        """The collections of the account, by path; the one that the address itself leads to, if it is one."""
        place = self._entrance()
        if place.has(KIND, self._service.tag(self._service.collection)):
            return [self._collection(place)]
        home = self._service.tag(self._service.home)
        principal = self._principal_of(place)
        if not place.hrefs(home) and principal:
            place = self._look(principal)
        homes = [self._dav.here(href, place.path) for href in place.hrefs(home)] or [place.path]
        found = [one for path in homes for one in self._dav.propfind(path, 1, self._asked())]
        kind = self._service.tag(self._service.collection)
        wanted = {one.path: self._collection(one) for one in found if one.has(KIND, kind)}
        return [wanted[path] for path in sorted(wanted)]

    def collection(self, path: str) -> Collection:
        """One collection as it is now. Raises GoneError."""
        return self._collection(self._look(path))

    def _entrance(self) -> Response:
        """What the server says of the address, or, where that names the server only, of the place that its well-known
        address leads to (RFC 6764 section 6).

        An address with a path is taken at its word: a calendar that is gone must not become all calendars there are.
        """
        try:
            place = self._look(self._dav.start)
            if self._dav.start != "/" or place.hrefs(PRINCIPAL) or place.has(PRINCIPAL, UNAUTHENTICATED):
                return place
        except (GoneError, ContractError) as error:
            if self._dav.start != "/":
                raise ContractError(f"there is no {self._service.name} at the configured url: {error}") from None
        try:
            return self._look(f"/.well-known/{self._service.name}")
        except (GoneError, ContractError) as error:
            message = f"the configured url leads to no {self._service.name}; name the folder too, not only the server"
            raise ContractError(f"{message}: {error}") from None

    def _look(self, path: str) -> Response:
        found = self._dav.propfind(path, 0, self._asked())
        if len(found) != 1:
            raise ContractError(f"PROPFIND {path}: {len(found)} resources in an answer about one")
        if found[0].status in GONE:  # Xandikos says it inside a 207
            raise GoneError(f"PROPFIND {path}: not there")
        return found[0]

    def _asked(self) -> tuple[Tag, ...]:
        service = self._service
        more = (service.tag(service.components),) if service.components else ()
        return names(PRINCIPAL, KIND, NAME, REPORTS, CTAG, service.tag(service.home), *more)

    def _principal_of(self, place: Response) -> str:
        if place.has(PRINCIPAL, UNAUTHENTICATED):
            raise AuthError("the server does not know who we are: a user and a password are missing")
        return next((self._dav.here(href, place.path) for href in place.hrefs(PRINCIPAL)), "")

    def _collection(self, found: Response) -> Collection:
        path = found.path if found.path.endswith("/") else f"{found.path}/"
        parts = found.properties.get(self._service.tag(self._service.components)) if self._service.components else None
        return Collection(
            path,
            found.text(NAME) or path.rstrip("/").rpartition("/")[2],
            found.has(REPORTS, f"{DAV}sync-collection"),
            found.text(CTAG),
            frozenset(one.get("name", "").upper() for one in parts) if parts is not None else frozenset(),
        )

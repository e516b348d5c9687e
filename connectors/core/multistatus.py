"""The XML of WebDAV: requests written, and the multistatus answers of RFC 4918 section 13 read with a safe parser.

Names of elements are in James Clark's form: ``{DAV:}getetag``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from mapping.errors import ContractError

DAV = "{DAV:}"
_SEGMENT = "!$&'()*+,;=:@~"
"""What RFC 3986 allows in a segment of a path, beside letters, digits and ``-._``, without being encoded."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a server says of one resource. ``path`` is canonical (see ``canonical``).

    ``status`` is that of the resource as a whole, 0 where there are only properties; ``properties`` are those that were
    found.
    """

    path: str
    status: int
    properties: Mapping[str, Element]

    def text(self, name: str) -> str:
        """The text of a property, '' where it was not found."""
        found = self.properties.get(name)
        return (found.text or "").strip() if found is not None else ""

    def hrefs(self, name: str) -> list[str]:
        """The addresses in a property, as the server gave them."""
        found = self.properties.get(name)
        return [(one.text or "").strip() for one in found.iter(f"{DAV}href") if one.text] if found is not None else []

    def has(self, name: str, child: str) -> bool:
        """Whether a property holds an element of that name, at any depth."""
        found = self.properties.get(name)
        return found is not None and next(found.iter(child), None) is not None


@dataclass(frozen=True, slots=True)
class Multistatus:
    """A whole answer. ``token`` is that of a sync-collection report, '' in others."""

    responses: Sequence[Response] = ()
    token: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """One element of a request: Clark name, text, attributes, what is nested in it."""

    name: str
    text: str = ""
    inner: Sequence[Tag] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


def names(*wanted: str) -> tuple[Tag, ...]:
    """Empty elements of these names."""
    return tuple(Tag(one) for one in wanted)


def document(root: Tag) -> bytes:
    """The request as XML in UTF-8."""
    made: bytes = tostring(_element(root), encoding="utf-8", xml_declaration=True)
    return made


def _element(tag: Tag, parent: Element | None = None) -> Element:
    made = (
        Element(tag.name, dict(tag.attributes))
        if parent is None
        else SubElement(parent, tag.name, dict(tag.attributes))
    )
    made.text = tag.text or None
    for one in tag.inner:
        _element(one, made)
    return made


def parse(content: bytes, at: str) -> Multistatus:
    """The answer to a request at the path ``at``.

    Raises ContractError for what is no multistatus, or declares a document type: no WebDAV answer needs one, and
    entities are how a small document fills a large memory or reads other files.
    """
    responses: list[Response] = []
    token = ""
    root: Element | None = None
    depth = 0
    try:
        for event, element in iterparse(BytesIO(content), events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            if root is None:
                root = element
                if root.tag != f"{DAV}multistatus":
                    raise ContractError(f"{at}: the answer is XML, but no multistatus")
            elif event == "end" and element.tag == f"{DAV}response":
                responses.append(_response(element, at))
                root.clear()  # what was answered so far is not kept twice
            elif event == "end" and element.tag == f"{DAV}sync-token" and depth == 1:
                token = (element.text or "").strip()
    except DefusedXmlException:
        raise ContractError(f"{at}: the answer declares a document type or entities, and is not read") from None
    except (ParseError, LookupError, ValueError):
        raise ContractError(f"{at}: the answer is no readable XML") from None
    if root is None:
        raise ContractError(f"{at}: the answer is empty")
    return Multistatus(responses, token)


def _response(element: Element, at: str) -> Response:
    href = element.findtext(f"{DAV}href")
    if not href or not href.strip():
        raise ContractError(f"{at}: the answer speaks of a resource without an address")
    properties: dict[str, Element] = {}
    for part in element.findall(f"{DAV}propstat"):
        if _status(part) // 100 == 2:
            properties.update({one.tag: one for group in part.findall(f"{DAV}prop") for one in group})
    return Response(canonical(href, at), _status(element), properties)


def _status(element: Element) -> int:
    """The number in ``HTTP/1.1 404 Not Found``; 0 where there is none."""
    words = (element.findtext(f"{DAV}status") or "").split()
    return int(words[1]) if len(words) > 1 and words[1].isascii() and words[1].isdigit() else 0


def canonical(href: str, at: str) -> str:
    """The path of an address met at the path ``at``, each segment encoded in one way.

    Servers answer ``%40`` or ``@``, whole addresses or paths (RFC 4918 section 8.3), behind a proxy often with another
    scheme or host than they are reached by: the path alone says which resource it is. Raises ContractError for what is
    no address.
    """
    try:
        path = urlsplit(urljoin(at, href.strip())).path
    except ValueError:
        raise ContractError(f"{at}: the answer names an address that is none") from None
    return "/".join(quote(unquote_to_bytes(segment), safe=_SEGMENT) for segment in path.split("/"))


def members(responses: Iterable[Response], collection: str) -> dict[str, Response]:
    """Those of the responses that speak of direct members of a collection, by the last segment of their paths.

    Left out are the collection itself (iCloud lists it among its members: changes of Perl's Net-DAVTalk 0.26), other
    collections in it, and what lies elsewhere.
    """
    found: dict[str, Response] = {}
    for one in responses:
        name = one.path.removeprefix(collection)
        if name and name != one.path and "/" not in name and name not in (".", ".."):
            found[name] = one
    return found

"""A WebDAV server of a few lines that does on purpose what real servers do at times: cuts reports short, knows no
sync tokens, leaves members out of a multiget, sends elsewhere. Served as httpx's mock transport."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote
from xml.sax.saxutils import escape

import httpx

from connectors.core.dav import Service

BOX = Service(
    name="boxdav",
    namespace="urn:box",
    home="box-home-set",
    collection="box",
    multiget="box-multiget",
    query="box-query",
    data="box-data",
    media_type="text/box",
)
FOLDER = "/box/"


@dataclass
class Stand:
    """One collection of texts. ``most`` caps a sync report; ``omitted`` are left out of multigets, ``refused`` are no
    longer given out at all, ``wholesale`` is what a multiget is answered with instead."""

    syncs: bool = True
    tag: str | None = "tag"
    most: int = 1_000
    omitted: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    wholesale: httpx.Response | None = None
    host: str = ""
    members: dict[str, tuple[int, str]] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    now: int = 0
    oldest: int = 0

    def put(self, name: str, text: str = "text") -> None:
        """Writes a member."""
        self.now += 1
        self.members[name] = (self.now, text)
        self.removed.pop(name, None)

    def delete(self, name: str) -> None:
        """Removes a member."""
        self.now += 1
        del self.members[name]
        self.removed[name] = self.now

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        body = request.content.decode()
        path = request.url.raw_path.decode()
        report = next((name for name in ("sync-collection", "box-multiget") if name in body), "")
        self.asked.append(report or f"{request.method} {path}")
        if request.method == "GET":
            return self._get(unquote(path.removeprefix(FOLDER)))
        if path != FOLDER:
            return httpx.Response(404)
        if report == "sync-collection":
            return self._sync(re.search(r"sync-token>(\d+)<", body))
        if report == "box-multiget":
            return self.wholesale or self._multiget(re.findall(r"href>([^<]+)<", body))
        return _multistatus(self._self() + ("".join(map(self._told, self.members)) if _depth(request) else ""))

    def _self(self) -> str:
        sync = "<D:report><D:sync-collection/></D:report>" if self.syncs else ""
        tag = f'<S:getctag xmlns:S="http://calendarserver.org/ns/">{self.tag}</S:getctag>' if self.tag else ""
        kind = "<D:resourcetype><D:collection/><B:box/></D:resourcetype>"
        return _response(self.host + FOLDER, f"{kind}{tag}<D:supported-report-set>{sync}</D:supported-report-set>")

    def _told(self, name: str) -> str:
        return _response(f"{self.host}{FOLDER}{name}", f'<D:getetag>"{self.members[name][0]}"</D:getetag>')

    def _sync(self, token: re.Match[str] | None) -> httpx.Response:
        since = int(token.group(1)) if token else 0
        if since < self.oldest:
            return httpx.Response(403, text='<D:error xmlns:D="DAV:"><D:valid-sync-token/></D:error>')
        changed = [(at, self._told(name)) for name, (at, _) in self.members.items() if at > since]
        gone = f"{_STATUS}404 Not Found</D:status>"
        changed += [(at, _bare(FOLDER + name, gone)) for name, at in self.removed.items() if at > since > 0]
        told = sorted(changed)[: self.most]
        cut = len(told) < len(changed)
        upto = told[-1][0] if cut else self.now
        more = _bare(FOLDER, f"{_STATUS}507 Insufficient Storage</D:status>") if cut else ""
        return _multistatus("".join(text for _, text in told) + more + f"<D:sync-token>{upto}</D:sync-token>")

    def _multiget(self, hrefs: list[str]) -> httpx.Response:
        found = ""
        for href in hrefs:
            name = href.removeprefix(FOLDER)
            if name not in self.members:
                found += _bare(href, f"{_STATUS}404 Not Found</D:status>")
            elif name not in self.omitted:
                at, text = self.members[name]
                found += _response(href, f'<D:getetag>"{at}"</D:getetag><B:box-data>{escape(text)}</B:box-data>')
        return _multistatus(found)

    def _get(self, name: str) -> httpx.Response:
        if name in self.refused:
            return httpx.Response(403)
        if name not in self.members:
            return httpx.Response(404)
        at, text = self.members[name]
        return httpx.Response(200, text=text, headers={"ETag": f'"{at}"', "Content-Type": "text/box"})


_STATUS = "<D:status>HTTP/1.1 "


def _depth(request: httpx.Request) -> bool:
    return request.headers["depth"] == "1"


def _response(href: str, properties: str) -> str:
    found = f"<D:propstat><D:prop>{properties}</D:prop>{_STATUS}200 OK</D:status></D:propstat>"
    return _bare(href, found)


def _bare(href: str, inner: str) -> str:
    return f"<D:response><D:href>{href}</D:href>{inner}</D:response>"


def _multistatus(inner: str) -> httpx.Response:
    return httpx.Response(207, text=f'<D:multistatus xmlns:D="DAV:" xmlns:B="urn:box">{inner}</D:multistatus>')

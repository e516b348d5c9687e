"""Collections are found from whatever address their owner knows, and the password goes nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from connectors.core.auth import Basic
from connectors.core.dav import Dav
from connectors.core.dav_discovery import Discovery
from connectors.core.protocols import Runtime
from mapping.errors import AuthError, ContractError
from tests.connectors.core.dav_stand import BOX

PRINCIPAL = "<D:current-user-principal><D:href>{}</D:href></D:current-user-principal>"
HOME = "<B:box-home-set><D:href>{}</D:href></B:box-home-set>"
BOXES = "<D:resourcetype><D:collection/><B:box/></D:resourcetype>"
PLAIN = "<D:resourcetype><D:collection/></D:resourcetype>"
WELL_KNOWN = "/.well-known/boxdav"
ACCOUNT = {"/me/": HOME.format("/boxes/"), "/boxes/": PLAIN, "/boxes/1/": BOXES, "/boxes/2/": BOXES}

Answers = Mapping[str, str | httpx.Response]


class Server:
    """Properties by path, or whole answers; a depth of 1 tells of what lies below, too. ``hosts`` heard from us."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.hosts: set[str] = set()

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.hosts.add(str(request.url.host))
        path = request.url.path
        found = self._answers.get(path, httpx.Response(404))
        if isinstance(found, httpx.Response):
            return found
        below = [each for each in self._answers if request.headers["depth"] == "1" and each.startswith(path)]
        told = "".join(_response(each, str(self._answers[each])) for each in {path: None, **dict.fromkeys(below)})
        return httpx.Response(207, text=f'<D:multistatus xmlns:D="DAV:" xmlns:B="urn:box">{told}</D:multistatus>')


def _response(path: str, properties: str) -> str:
    found = f"<D:prop>{properties}</D:prop><D:status>HTTP/1.1 200 OK</D:status>"
    return f"<D:response><D:href>{path}</D:href><D:propstat>{found}</D:propstat></D:response>"


def _discovery(answers: Answers, path: str = "/") -> tuple[Discovery, Server]:
    server = Server(answers)
    runtime = Runtime(transport=httpx.MockTransport(server.answer), sleep=lambda _: None)
    return Discovery(Dav(runtime, f"https://box.test{path}", BOX, Basic("ada", "secret"))), server


def _moved(to: str) -> httpx.Response:
    return httpx.Response(301, headers={"Location": to})


def _paths(found: Discovery) -> list[str]:
    return [one.path for one in found.collections()]


@pytest.mark.parametrize("path", ["/", "", "/me/", "/boxes/"])
def test_all_collections_are_found_from_the_server_the_principal_or_the_home(path: str) -> None:
    answers = {name: PRINCIPAL.format("/me/") + told for name, told in {"/": PLAIN, **ACCOUNT}.items()}
    found, _ = _discovery(answers, path)
    assert (found.principal(), _paths(found)) == ("https://box.test/me/", ["/boxes/1/", "/boxes/2/"])


@pytest.mark.parametrize("path", ["/boxes/2/", "/boxes/2"])
def test_an_address_of_one_collection_means_that_one(path: str) -> None:
    found, _ = _discovery({**ACCOUNT, "/boxes/2/": BOXES + PRINCIPAL.format("/me/")}, path)
    assert _paths(found) == ["/boxes/2/"]


@pytest.mark.parametrize(
    "root",
    [httpx.Response(404), httpx.Response(405), httpx.Response(200, html="<p>Hello"), PLAIN],
    ids=["nothing", "no WebDAV", "a page", "a folder that knows nobody"],
)
def test_a_bare_server_is_asked_for_its_well_known_address(root: str | httpx.Response) -> None:
    answers = {"/": root, WELL_KNOWN: _moved("/dav"), "/dav": _moved("https://box.test/dav/")}
    found, _ = _discovery({**answers, "/dav/": PRINCIPAL.format("/me/"), **ACCOUNT})
    assert _paths(found) == ["/boxes/1/", "/boxes/2/"]


def test_an_address_that_leads_nowhere_never_becomes_all_there_is() -> None:
    found, _ = _discovery({WELL_KNOWN: _moved("/me/"), **ACCOUNT}, "/boxes/gone/")
    with pytest.raises(ContractError, match="no boxdav at the configured url"):
        found.collections()


def test_a_server_without_the_service_says_what_is_missing() -> None:
    found, _ = _discovery({})
    with pytest.raises(ContractError, match="name the folder too"):
        found.principal()


@pytest.mark.parametrize("elsewhere", ["https://other.test/dav/", "http://box.test/dav/", "https://box.test:8443/dav/"])
def test_no_redirect_takes_the_password_to_another_server(elsewhere: str) -> None:
    found, server = _discovery({"/dav/": _moved(elsewhere)}, "/dav/")
    with pytest.raises(ContractError, match="if that is right, set url to it") as refused:
        found.collections()
    assert elsewhere.split("/")[2] in str(refused.value)
    assert server.hosts == {"box.test"}


def test_a_home_at_another_server_is_not_followed_and_named() -> None:
    answers = {"/dav/": PRINCIPAL.format("/me/"), "/me/": HOME.format("https://p42.box.test/home/")}
    found, server = _discovery(answers, "/dav/")
    with pytest.raises(ContractError, match=r"p42\.box\.test"):
        found.collections()
    assert server.hosts == {"box.test"}


def test_redirects_in_a_circle_come_to_an_end() -> None:
    found, _ = _discovery({"/dav/": _moved("/dav/")}, "/dav/")
    with pytest.raises(ContractError, match="redirects"):
        found.collections()


def test_a_server_that_does_not_know_us_asks_for_a_login() -> None:
    nobody = "<D:current-user-principal><D:unauthenticated/></D:current-user-principal>"
    found, _ = _discovery({"/": nobody})
    with pytest.raises(AuthError):
        found.principal()


def test_a_server_without_principals_is_searched_where_the_address_leads() -> None:
    found, _ = _discovery({path: told for path, told in ACCOUNT.items() if path != "/me/"}, "/boxes/")
    assert (found.principal(), _paths(found)) == ("https://box.test/boxes/", ["/boxes/1/", "/boxes/2/"])

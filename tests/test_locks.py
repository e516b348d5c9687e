"""The locks pin all that pyproject.toml asks for, with hashes, and name neither a registry nor a machine."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.checkout import ROOT, packages, project, shipped, tracked

LOCKS = ("requirements.lock", "requirements-bench.lock", "requirements-run.lock")
SERVERS = tuple(
    path.relative_to(ROOT).as_posix()
    for where in ("admin/demo/servers/locks", "tests/servers/locks")
    for path in sorted((ROOT / where).glob("*.in"))
)
PLACES = re.compile(r"(?<![\w.~/-])/(?:work|root|home|Users)/\w")
REGISTRIES = re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs|proxy\.golang|index-url[ =]\S*:", re.IGNORECASE)
COMPANIONS = {"pydantic_core": "pydantic"}  # pinned exactly by pydantic, whose own documents import from it

# Scripts that are run by the Python of a server's own environment, and held to its lock.
FOREIGN = {
    f"admin/demo/servers/tryton_{what}.py": "admin/demo/servers/locks/trytond-7.0.lock" for what in ("books", "company")
}


@dataclass
class Pin:
    """One line of a lock with its hashes."""

    requirement: Requirement
    hashes: list[str] = field(default_factory=list)

    @property
    def version(self) -> str:
        """The one version it allows."""
        (only,) = self.requirement.specifier
        assert only.operator == "=="
        return only.version


def pins(lock: str) -> dict[str, list[Pin]]:
    """Canonical name to its pins: more than one where the version hangs on the platform or on Python."""
    found: dict[str, list[Pin]] = {}
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            asked, *hashes = re.split(r"\s+--hash=", line.strip())
            pin = Pin(Requirement(asked), hashes)
            found.setdefault(canonicalize_name(pin.requirement.name), []).append(pin)
    return found


def asked_for(*extras: str) -> Iterator[Requirement]:
    """What pyproject.toml asks for itself, with the extras."""
    about = project()["project"]
    wanted = [*about["dependencies"], *(one for extra in extras for one in about["optional-dependencies"][extra])]
    return map(Requirement, wanted)


@pytest.mark.parametrize("lock", [*LOCKS, *(name.replace(".in", ".lock") for name in SERVERS)])
def test_every_pin_has_hashes(lock: str) -> None:
    assert pins(lock)
    bare = [name for name, many in pins(lock).items() if not all(pin.hashes for pin in many)]
    assert bare == []
    hashes = [one for many in pins(lock).values() for pin in many for one in pin.hashes]
    assert [one for one in hashes if not re.fullmatch(r"sha256:[0-9a-f]{64}", one)] == []


@pytest.mark.parametrize(("lock", "extras"), [(LOCKS[0], ["dev"]), (LOCKS[1], ["bench"]), (LOCKS[2], [])])
def test_everything_asked_for_is_pinned_to_a_version_that_fits(lock: str, extras: list[str]) -> None:
    pinned = pins(lock)
    for wanted in asked_for(*extras):
        many = pinned.get(canonicalize_name(wanted.name), [])
        assert many, f"{wanted} is not in {lock}: run make lock"
        assert all(wanted.specifier.contains(pin.version) for pin in many), f"{wanted} is outdated in {lock}"


@pytest.mark.parametrize("other", LOCKS[1:])
def test_two_locks_can_be_installed_together(other: str) -> None:
    first, second = pins(LOCKS[0]), pins(other)
    both = first.keys() & second.keys()
    differ = {name for name in both if {p.version for p in first[name]} != {p.version for p in second[name]}}
    assert differ == set()


def test_the_container_installs_what_is_asked_for_and_nothing_to_develop_with() -> None:
    assert f"--require-hashes -r {LOCKS[2]}" in (ROOT / "Containerfile").read_text(encoding="utf-8")
    ours = {canonicalize_name(one.name) for one in asked_for()}
    tools = {canonicalize_name(one.name) for one in asked_for("dev", "bench")} - ours
    assert {"pytest", "mypy"} <= tools
    assert {name for name in ("pytest", "mypy", "ruff") if name in pins(LOCKS[2])} == set()


@pytest.mark.parametrize("server", SERVERS)
def test_every_server_has_a_lock_that_fits_what_is_asked_for(server: str) -> None:
    pinned = pins(server.replace(".in", ".lock"))
    for wanted in map(Requirement, (ROOT / server).read_text(encoding="utf-8").splitlines()):
        many = pinned.get(canonicalize_name(wanted.name), [])
        assert many, f"{wanted} is not pinned: run make lock"
        assert all(wanted.specifier.contains(pin.version) for pin in many), f"{wanted} is outdated: run make lock"


@pytest.mark.parametrize("lock", [*LOCKS, *(name.replace(".in", ".lock") for name in SERVERS)])
def test_a_lock_names_no_registry_and_no_folder(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert re.findall(r"://|--(?:index|extra-index|find-links|trusted)\S*|\sfile:|\s@\s", text) == []


def test_no_file_names_a_folder_of_somebodys_machine_or_a_registry() -> None:
    found = []
    for name in tracked():
        text = (ROOT / name).read_bytes().decode("utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if PLACES.search(line) or REGISTRIES.search(line):
                found.append(f"{name}:{number}: {line.strip()[:120]}")
    assert found == []


def test_shipped_code_imports_nothing_that_is_not_asked_for() -> None:
    declared = {canonicalize_name(one.name) for one in asked_for()}
    providers = packages_distributions()
    strangers = set()
    for file in shipped():
        for top in _imported(file):
            if top not in sys.stdlib_module_names and top not in packages():
                owners = {canonicalize_name(owner) for owner in providers.get(COMPANIONS.get(top, top), [])}
                if not owners & declared and canonicalize_name(top) not in _guests(file):
                    strangers.add(f"{file.relative_to(ROOT)} imports {top}")
    assert strangers == set()


def _guests(file: Path) -> Collection[str]:
    """What a script may import that runs in a server's environment: all that is pinned there."""
    lock = FOREIGN.get(file.relative_to(ROOT).as_posix())
    return pins(lock) if lock else ()


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]

"""Owners of leases: the lease of a process that has ended is free at once, and of one that may live it is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mapping.errors import LeaseLostError
from state.database import Database
from state.leases import Leases, new_owner
from state.owners import is_gone
from state.runs import Runs, RunStatus
from state.tables import lease as lease_table

ROOT = Path(__file__).resolve().parents[2]
NAME_ONESELF = "import sys; from state.owners import new_owner; print(new_owner(), flush=True); sys.stdin.read()"

pytestmark = pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="only Linux tells which process lives")


@pytest.fixture
def other() -> Iterator[subprocess.Popen[str]]:
    """Another process that has said its name and lives on."""
    command = [sys.executable, "-c", NAME_ONESELF]
    with subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True) as process:
        yield process
        process.kill()


def name_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def with_part(owner: str, place: int, part: str) -> str:
    parts = owner.rsplit(":", 4)
    parts[place] = part
    return ":".join(parts)


def test_a_killed_process_leaves_its_lease_free_at_once(database: Database, other: subprocess.Popen[str]) -> None:
    leases = Leases(database)
    dead = leases.acquire("resolve", name_of(other), 60)
    assert dead is not None
    assert leases.acquire("resolve", new_owner(), 60) is None
    run = Runs(database).start("resolve", dead)
    other.kill()
    other.wait()
    assert leases.held("resolve") is None
    shown = Runs(database).show(run)
    assert shown is not None
    assert shown.status is RunStatus.INTERRUPTED
    taken = leases.acquire("resolve", new_owner(), 60)
    assert taken is not None
    assert taken.fence == dead.fence + 1
    with pytest.raises(LeaseLostError), database.write(dead):
        pass


def test_a_killed_process_that_nobody_has_asked_after_is_gone_too(other: subprocess.Popen[str]) -> None:
    owner = name_of(other)
    assert not is_gone(owner)
    other.kill()
    # waitid would reap it: reading until the end of its output leaves the zombie where it is.
    assert other.stdout is not None
    assert other.stdout.read() == ""
    while Path(f"/proc/{other.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        pass
    assert is_gone(owner)


def test_a_pid_that_is_used_again_is_another_process(other: subprocess.Popen[str]) -> None:
    owner = name_of(other)
    earlier = str(int(owner.rsplit(":", 4)[2]) - 1)
    assert is_gone(with_part(owner, 2, earlier))


def test_nothing_is_known_of_owners_from_elsewhere(database: Database, other: subprocess.Popen[str]) -> None:
    owner = name_of(other)
    other.kill()
    other.wait()
    assert is_gone(owner)
    elsewhere = with_part(owner, 3, "0" * 12)  # another machine, another boot, or another container
    leases = Leases(database)
    assert leases.acquire("resolve", elsewhere, 60) is not None
    assert leases.held("resolve") == elsewhere
    assert leases.acquire("resolve", new_owner(), 60) is None
    for unknown in (with_part(owner, 3, "-"), "first", "a:b:c:d:e", "::::", with_part(owner, 1, "9" * 30)):
        assert not is_gone(unknown)


def test_a_process_whose_start_is_hidden_counts_as_living(other: subprocess.Popen[str]) -> None:
    assert not is_gone(with_part(name_of(other), 2, "-"))


def test_an_owner_fits_into_its_column() -> None:
    length = lease_table.c.owner.type.length  # type: ignore[attr-defined]  # a String, as the table says
    assert len(new_owner()) <= length
    assert not is_gone(new_owner())


def test_no_two_owners_have_one_name() -> None:
    assert new_owner() != new_owner()

"""Owners of leases: a name for this process that others can test for life, where the system lets them.

A name is ``host:pid:started:place:random``. ``place`` stands for this boot of this machine and the table of processes
that the pid is from: only where that is the same does a pid say anything, and only together with the moment its
process was started, since pids are used again. Where the system tells no place (it is Linux's ``/proc`` that does), or
the owner is from elsewhere, nothing is known, and the lease is waited out.
"""

from __future__ import annotations

import os
import secrets
import socket
from functools import cache
from hashlib import blake2b
from pathlib import Path

PROC = Path("/proc")
UNKNOWN = "-"
DEAD_STATES = frozenset("ZX")
"""A zombie runs nothing any more: it waits for its parent to ask how it ended, which may never happen."""


def new_owner() -> str:
    """A name that no other owner ever has: the machine and process, and a random end."""
    pid = os.getpid()
    _, started = _life(pid)
    return f"{socket.gethostname()[:20]}:{pid}:{started}:{_place()}:{secrets.token_hex(8)}"


def is_gone(owner: str) -> bool:
    """Whether the owner's process is known to have ended. False whenever that cannot be told."""
    parts = owner.rsplit(":", 4)
    if len(parts) != 5 or not parts[1].isdecimal() or parts[3] == UNKNOWN or parts[3] != _place():
        return False
    pid = int(parts[1])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    state, started = _life(pid)
    return state in DEAD_STATES or (UNKNOWN not in (started, parts[2]) and started != parts[2])


def _life(pid: int) -> tuple[str, str]:
    """The process's state letter and its start in ticks since boot (proc(5)); unknown where that is hidden."""
    try:
        told = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return UNKNOWN, UNKNOWN
    # The second field is the program's name in brackets, which may itself hold blanks and brackets.
    fields = told.rpartition(")")[2].split()
    return (fields[0], fields[19]) if len(fields) > 19 else (UNKNOWN, UNKNOWN)


@cache
def _place() -> str:
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text()
        spaces = [os.readlink(PROC / "self/ns" / name) for name in ("pid", "time")]
    except OSError:
        return UNKNOWN
    return blake2b("\n".join([boot, socket.gethostname(), *spaces]).encode(), digest_size=6).hexdigest()

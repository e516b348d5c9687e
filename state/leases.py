"""Leases: who may work on what, until when, with a fence that shuts out whoever worked on after losing it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType

from sqlalchemy import select, update

from mapping.errors import ConcordError, LeaseLostError, TransientError
from state.database import Database, insert_or_update, stamp
from state.owners import is_gone
from state.owners import new_owner as new_owner  # who takes a lease needs both
from state.tables import lease


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on ``name``. ``fence`` grows with every change of hands; ``Database.write`` checks it.

    An expired lease keeps working until somebody takes it over: only then could two write.
    """

    name: str
    owner: str
    fence: int
    seconds: float
    leases: Leases = field(repr=False, compare=False)

    def renew(self) -> None:
        """Holds it for ``seconds`` from now. Raises LeaseLostError when it has changed hands."""
        self.leases.renew(self)

    def release(self) -> None:
        """Gives it up, so that the next need not wait; does nothing when it was lost already."""
        self.leases.release(self)


class Leases:
    """The leases of one database. ``name`` is made of ids only, never of an address or another personal value.

    Time is this machine's. A clock that is wrong makes a lease change hands too early or too late; because of the
    fence it never lets two owners write.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """The lease, free or expired before; None while anybody holds it, the same owner included.

        A lease whose owner was a process of this machine that has ended (state/owners.py) is free at once.
        """
        with self._database.read() as connection:
            # Most attempts of a second process end here, without taking the writer's turn.
            found = connection.execute(select(lease).where(lease.c.name == name)).one_or_none()
        if found is not None and self._is_held(found.owner, found.until):
            return None
        with self._database.write() as connection:
            found = connection.execute(select(lease).where(lease.c.name == name)).one_or_none()
            if found is not None and self._is_held(found.owner, found.until):
                return None
            fence = 1 if found is None else int(found.fence) + 1
            row = {"name": name, "owner": owner, "fence": fence, "until": self._end(seconds)}
            insert_or_update(connection, lease, [row], ["name"], ["owner", "fence", "until"])
        return Lease(name, owner, fence, seconds, self)

    def held(self, name: str) -> str | None:
        """The owner who holds it now; None when it is free, expired or its owner's process has ended."""
        with self._database.read() as connection:
            found = connection.execute(select(lease).where(lease.c.name == name)).one_or_none()
        return str(found.owner) if found is not None and self._is_held(found.owner, found.until) else None

    def every_held(self) -> dict[str, str]:
        """The leases that somebody holds now, each with the stamp until which it is held if nobody renews it."""
        with self._database.read() as connection:
            rows = connection.execute(select(lease).where(lease.c.owner.is_not(None)).order_by(lease.c.name)).all()
        return {str(row.name): str(row.until) for row in rows if self._is_held(row.owner, row.until)}

    def _is_held(self, owner: str | None, until: str) -> bool:
        return owner is not None and until > self._database.stamp() and not is_gone(owner)

    def renew(self, held: Lease) -> None:
        """See ``Lease.renew``."""
        if not self._set(held, held.owner, held.seconds):
            raise LeaseLostError(f"The lease {held.name!r} has changed hands.")

    def release(self, held: Lease) -> None:
        """See ``Lease.release``."""
        self._set(held, None, 0)

    def _set(self, held: Lease, owner: str | None, seconds: float) -> bool:
        same = (lease.c.name == held.name) & (lease.c.fence == held.fence) & (lease.c.owner == held.owner)
        with self._database.write() as connection:
            done = connection.execute(update(lease).where(same).values(owner=owner, until=self._end(seconds)))
        return done.rowcount == 1

    def _end(self, seconds: float) -> str:
        return stamp(self._database.now() + timedelta(seconds=seconds))


class Heartbeat:
    """Renews a lease from a thread of its own while the ``with`` block works, and remembers when it was lost.

    The block itself is not interrupted: long work asks ``check`` now and then, and ``Database.write`` refuses anyway.
    ``wait`` returns True when the thread shall stop; tests hand over one that does not wait.
    """

    def __init__(
        self,
        held: Lease,
        *,
        every: float | None = None,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
    ) -> None:
        self._lease = held
        self._every = every if every is not None else held.seconds / 3
        self._wait = wait
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat {held.name}", daemon=True)

    @property
    def lost(self) -> bool:
        """Whether somebody else may hold the lease now."""
        return self._lost.is_set()

    def check(self) -> None:
        """Raises LeaseLostError when the lease was lost."""
        if self.lost:
            raise LeaseLostError(f"The lease {self._lease.name!r} has changed hands.")

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._wait(self._stop, self._every):
            try:
                self._lease.renew()
            except TransientError:
                continue  # the database is busy: nobody else got through either, and the fence stands
            except ConcordError:
                self._lost.set()
                return

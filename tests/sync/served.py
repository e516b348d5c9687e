"""Servers over a stage, ticked by hand, whose jobs are scripts that end as they are told."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from state.database import Database
from state.schedules import Job
from sync.serve import Server
from tests.sync.hubs import Stage
from tests.sync.patience import wait

SCRIPT = """
import json, os, sys, time
task = json.loads(sys.stdin.readline())
folder = os.path.dirname(task["path"])
name = task["kind"] + "-" + task["connection"]
with open(os.path.join(folder, "ran"), "a") as ran:
    ran.write(name + "\\n")
try:
    order = open(os.path.join(folder, name)).read()
except FileNotFoundError:
    order = "ok"
order, _, again = order.partition(" ")
if order == "die":
    os.kill(os.getpid(), 9)
if order == "linger":
    sys.stdin.read()
    sys.exit(1)
told = "" if order == "ok" else "it went wrong"
print(json.dumps({"status": order, "message": told, "again_at": again}))
"""
"""A job that notes that it ran and ends as a file of its name tells it to; in place of the real one, for its speed."""
FAKE = (sys.executable, "-S", "-E", "-c", SCRIPT)


class Served:
    """A stage with a shop every ten minutes and a CRM, and servers over it that are ticked by hand."""

    def __init__(self, stage: Stage, sweep: str = "never") -> None:
        self.stage = stage
        self.path = stage.folder / "concord.yaml"
        self.servers: list[Server] = []
        self.write(shop={"schedule": "every 10 minutes", "sweep": sweep}, crm={"sweep": "never"})

    def write(self, **connections: Mapping[str, Any]) -> None:
        """Writes the configuration anew, with these settings over the connections'."""
        for name, settings in connections.items():
            self.stage.configure(name, **settings)
        self.stage.another().close()
        moment = self.path.stat().st_mtime_ns + 1_000_000 * (1 + len(self.servers))
        os.utime(self.path, ns=(moment, moment))

    def server(self, **options: Any) -> Server:
        db = Database(self.stage.url, now=self.stage.clock)
        server = Server(self.path, command=options.pop("command", FAKE), db=db, **options)
        self.servers.append(server)
        return server

    def order(self, job: str, what: str) -> None:
        """Tells the job of that name how to end."""
        (self.stage.folder / job).write_text(what)

    def ran(self) -> list[str]:
        """The jobs that ran, in their order."""
        place = self.stage.folder / "ran"
        return place.read_text().split() if place.exists() else []

    def settle(self, *servers: Server) -> None:
        """Ticks until nothing runs and nothing is due."""
        wait(lambda: all(self._quiet(server) for server in servers or self.servers))

    def _quiet(self, server: Server) -> bool:
        server.tick()
        return not server.working and not any(one.is_due(server.db.stamp()) for one in server.jobs())

    def job(self, name: str) -> Job:
        (found,) = [one for one in self.servers[-1].jobs() if one.job == name]
        return found

    def close(self) -> None:
        for server in self.servers:
            server.close()

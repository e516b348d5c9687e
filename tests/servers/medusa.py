"""A real Medusa out of npm's packages, on a PostgreSQL. Tried with Node 20 and Medusa 2.19.0, 2026-11-29."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from admin.demo.servers.process import WebServer
from mapping.errors import ConcordError
from tests.servers.node import Packages, installed, run

RELEASE = "2.19.0"
PARTS = ("medusa", "framework", "cli", "admin-sdk")
PACKAGES = Packages("Medusa", {f"@medusajs/{part}": RELEASE for part in PARTS}, before="2026-11-29")
USER, PASSWORD = "admin@shop.example", "admin-pw-31415"
PATIENCE = 300.0

CONFIGURATION = """\
const { defineConfig } = require('@medusajs/framework/utils')
module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { ssl: false, connection: { ssl: false } },
    http: { storeCors: '*', adminCors: '*', authCors: '*', jwtSecret: 'secret', cookieSecret: 'secret' },
  },
})
"""


class Medusa(WebServer):
    """One shop on an empty database of a PostgreSQL. Raises ConcordError where it cannot be had here."""

    user, password = USER, PASSWORD
    patience = PATIENCE

    def __init__(self, folder: Path, database: str) -> None:
        super().__init__(folder)
        self.database = database

    def command(self) -> Sequence[str]:
        """Medusa's own starter, in a project whose database has its tables and one user."""
        modules = installed(PACKAGES) / "node_modules"
        manifest = self.folder / "package.json"
        if not manifest.exists():
            (self.folder / "node_modules").symlink_to(modules)
            (self.folder / "medusa-config.js").write_text(CONFIGURATION, encoding="utf-8")
            parts = {"name": "shop", "version": "0.0.1", "private": True, "dependencies": dict(PACKAGES.releases)}
            manifest.write_text(json.dumps(parts), encoding="utf-8")
            self._tell("db:migrate")
            self._tell("user", "-e", self.user, "-p", self.password)
        starter = self.folder / "node_modules" / "@medusajs" / "cli" / "cli.js"
        return [
            "sh", "-c", f'cd "{self.folder}" && exec node "{starter}" start -H 127.0.0.1 -p {self.port}'
        ]  # fmt: skip

    def variables(self) -> Mapping[str, str]:
        """Where its database is, and that it tells nobody of itself."""
        return {"DATABASE_URL": self.database, "NODE_ENV": "production", "MEDUSA_DISABLE_TELEMETRY": "true"}

    def ready(self) -> None:
        """Waits until it is well, which is after it listens."""
        super().ready()
        deadline = time.monotonic() + PATIENCE
        while not _answers(f"{self.url}health"):
            if time.monotonic() > deadline:
                self.stop()
                raise ConcordError(f"Medusa did not answer within {PATIENCE:.0f} seconds")
            time.sleep(0.5)

    def _tell(self, *words: str) -> None:
        starter = self.folder / "node_modules" / "@medusajs" / "cli" / "cli.js"
        where = ["sh", "-c", 'cd "$0" && exec node "$@"', str(self.folder), str(starter), *words]
        run("Medusa", where, self.variables())


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=10.0).is_success
    except httpx.TransportError:
        return False

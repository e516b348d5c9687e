"""A real Vendure on SQLite, out of npm's packages. Tried with Node 20 and Vendure 3.7.2, 2026-11-29."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from admin.demo.servers.process import WebServer
from mapping.errors import ConcordError
from tests.servers.node import Packages, installed

RELEASE = "3.7.2"
PACKAGES = Packages("Vendure", {"@vendure/core": RELEASE, "better-sqlite3": "12.11.1"}, before="2026-09-01")
USER, PASSWORD = "superadmin", "superadmin-pw-27182"
PATIENCE = 300.0

START = """\
const { bootstrap, dummyPaymentHandler, DefaultLogger, LogLevel } = require('@vendure/core');
const { VENDURE_PORT, VENDURE_DATABASE, VENDURE_USER, VENDURE_PASSWORD, VENDURE_SESSION } = process.env;
bootstrap({
  apiOptions: { hostname: '127.0.0.1', port: +VENDURE_PORT, adminApiPath: 'admin-api', shopApiPath: 'shop-api' },
  authOptions: {
    tokenMethod: ['bearer', 'api-key'],
    superadminCredentials: { identifier: VENDURE_USER, password: VENDURE_PASSWORD },
    requireVerification: false,
    sessionDuration: VENDURE_SESSION,
  },
  dbConnectionOptions: { type: 'better-sqlite3', synchronize: true, database: VENDURE_DATABASE },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  logger: new DefaultLogger({ level: LogLevel.Warn }),
}).catch(error => { console.error(error); process.exit(1); });
"""


class Vendure(WebServer):
    """One shop. Raises ConcordError where it cannot be had here."""

    user, password = USER, PASSWORD
    patience = PATIENCE

    @property
    def database(self) -> Path:
        """The file with everything the shop holds."""
        return self.folder / "vendure.sqlite"

    def command(self) -> Sequence[str]:
        """Node with the shop's settings."""
        script = self.folder / "start.js"
        script.write_text(START, encoding="utf-8")
        self._modules = installed(PACKAGES) / "node_modules"
        return ["node", str(script)]

    def variables(self) -> Mapping[str, str]:
        """Where it listens and keeps things, and who may log in."""
        return {
            "NODE_PATH": str(self._modules),
            "NODE_ENV": "production",
            "VENDURE_DISABLE_TELEMETRY": "true",
            "VENDURE_PORT": str(self.port),
            "VENDURE_DATABASE": str(self.database),
            "VENDURE_USER": self.user,
            "VENDURE_PASSWORD": self.password,
            "VENDURE_SESSION": "1y",
        }

    def ready(self) -> None:
        """Waits until the API answers, which is after it listens."""
        super().ready()
        deadline = time.monotonic() + PATIENCE
        while not _answers(f"{self.url}admin-api"):
            if time.monotonic() > deadline:
                self.stop()
                raise ConcordError(f"Vendure did not answer within {PATIENCE:.0f} seconds")
            time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return httpx.post(url, json={"query": "{__typename}"}, trust_env=False, timeout=10.0).status_code == 200
    except httpx.TransportError:
        return False

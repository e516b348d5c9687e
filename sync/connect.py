"""Connections at work: built, checked against the account they are bound to, paused when their login is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from config.settings import ConnectionSettings, Settings, Use
from connectors.core.protocols import Associations, Connector, Runtime, Stream, Vendor, Writes
from mapping.contract import Account
from mapping.errors import AuthError, ConfigError, RateLimitedError
from state.connections import ConnectionRow, Connections, Pause
from state.costs import Purse
from state.database import Database, stamp
from state.tokens import VaultTokenStore
from state.vault import Vault
from sync.desired import TargetRules, target_rules
from sync.meter import ConnectionMeter, CostMeter, DayCap, told
from sync.signed import Facts, Signature, customers_of


@dataclass(frozen=True, slots=True)
class Connected:
    """One connection, ready to work."""

    name: str
    row: ConnectionRow
    settings: ConnectionSettings
    connector: Connector
    account: Account
    timezone: str = "UTC"
    system: tuple[str, str] | None = None
    """How its ids begin in the rules, and how in the entities, where the two differ."""
    purse: Purse = field(default_factory=Purse)
    """What its requests cost since a run took it."""

    @property
    def writes(self) -> Writes | None:
        """The capability of being written to."""
        return self.connector.writes

    def streams(self) -> list[Stream]:
        """The streams that are to be read, parents first."""
        wanted = [one for one in self.connector.streams() if self.settings.reads(one.name) is not None]
        ordered: list[Stream] = []
        while wanted:
            names = {one.name for one in wanted}
            ready = [one for one in wanted if not names & set(one.parents)] or wanted[:1]
            ordered.extend(ready)
            wanted = [one for one in wanted if one not in ready]
        return ordered

    def targets(self) -> list[TargetRules]:
        """The targets that are to be written, in order."""
        if self.writes is None:
            if self.settings.push:
                raise ConfigError(f"The connection {self.name!r} cannot be written to.")
            return []
        told = isinstance(self.writes, Associations)
        return target_rules(
            self.row.id, self.name, self.settings, self.writes.targets(), self.timezone, associations=told
        )

    def signature(self, stream: Stream) -> Signature | None:
        """How records of ours are known among what the stream reads, where it reads what is written there."""
        for rules in self.targets() if self.writes is not None and stream.target else ():
            if rules.target.object == stream.target and rules.target.external_id:
                owners = customers_of(rules.target.kind) if rules.subject_kind == "customer" else Facts()
                return Signature(rules, stream.properties_at, owners)
        return None


@dataclass(frozen=True, slots=True)
class Switchboard:
    """Opens connections by name. ``ready`` are connectors handed in by tests, in place of those the registry builds."""

    db: Database
    settings: Settings
    vendors: Mapping[str, Vendor]
    vault: Vault
    runtime: Runtime
    ready: Mapping[str, Connector]
    purses: dict[str, Purse] = field(default_factory=dict)
    meters: dict[str, ConnectionMeter] = field(default_factory=dict)
    """What the calls of each connection cost, thread by thread, by its name, as soon as it was built."""
    rests: dict[str, str] = field(default_factory=dict)
    """When each connection that was asked for patience may be asked again, by its name: a stamp."""

    def purse(self, name: str) -> Purse:
        """What the requests of a connection cost."""
        return self.purses.setdefault(name, Purse(told))

    def row(self, name: str) -> ConnectionRow:
        """What is kept of the connection, made when it is new."""
        return Connections(self.db).ensure(name, self.settings.connections[name].connector)

    def build(self, name: str, use: Use = Use.BACKGROUND) -> Connector:
        """The connector of a connection, not yet checked, with what its budget lets this use have."""
        if name in self.ready:
            return self.ready[name]
        settings = self.settings.connections[name]
        country = settings.default_country or self.settings.hub.default_country
        zone = self.settings.hub.timezone
        row = self.row(name)
        cap = settings.budget.calls_a_day
        counted = CostMeter(self.purse(name), self.runtime.meter)
        meter = ConnectionMeter(counted, DayCap(self.db, row.id, name, cap, zone) if cap else None)
        self.meters[name] = meter
        share = settings.budget.share(use)
        runtime = replace(self.runtime, default_country=country, timezone=zone, share=share, meter=meter)
        tokens = VaultTokenStore(self.vault, row.id)
        return self.vendors[settings.connector].build(settings.config, runtime, tokens)

    def asked_for_patience(self, name: str, error: BaseException) -> None:
        """Notes until when the connection rests, where an error says so."""
        if isinstance(error, RateLimitedError) and error.retry_after:
            until = stamp(self.db.now() + timedelta(seconds=error.retry_after))
            self.rests[name] = max(until, self.rests.get(name, ""))

    def open(self, name: str, use: Use = Use.BACKGROUND) -> Connected:
        """The connection, checked and bound to its account; what was paused for its login or account goes on.

        Raises AuthError after pausing it, ConfigError when it leads to another account than before.
        """
        connections = Connections(self.db)
        row = self.row(name)
        if row.paused is Pause.ADMIN:
            raise ConfigError(f"The connection {name!r} is paused. Let it go on with: concord resume {name}")
        connector = self.build(name, use)
        try:
            account = connector.check()
        except AuthError as error:
            if row.paused is None:
                connections.pause(row.id, Pause.AUTH, str(error))
            raise
        try:
            row = connections.bind(row.id, account)
        except ConfigError as error:
            if row.paused is None:
                connections.pause(row.id, Pause.ACCOUNT, str(error))
            raise
        if row.paused in (Pause.AUTH, Pause.ACCOUNT):
            connections.resume(row.id)
        return self._connected(name, row, connector, account)

    def stored(self, name: str) -> Connected:
        """The connection with the account that it was last seen with; the vendor is not asked. Raises ConfigError for
        one that was never read."""
        row = self.row(name)
        if row.account_id is None:
            raise ConfigError(f"{name} was never read: run concord sync {name}")
        return self._connected(name, row, self.build(name), Account(row.account_id, row.account_name or ""))

    def _connected(self, name: str, row: ConnectionRow, connector: Connector, account: Account) -> Connected:
        zone = self.settings.hub.timezone
        unique = self.vendors[row.connector].unique_ids
        word = Connections(self.db).word(row.id, preceded=self._preceded(name), unique=unique)
        system = (row.connector, word) if word != row.connector else None
        return Connected(name, row, self.settings.connections[name], connector, account, zone, system, self.purse(name))

    def _preceded(self, name: str) -> bool:
        """Whether the configuration has another connection of that vendor before this one."""
        connector = self.settings.connections[name].connector
        return next(one for one, of in self.settings.connections.items() if of.connector == connector) != name

    def rejected(self, one: Connected, error: AuthError) -> None:
        """The login was refused in the middle of work: the connection rests until somebody logs in again."""
        Connections(self.db).pause(one.row.id, Pause.AUTH, str(error))

    def follow_renames(self, asked: Callable[[str], bool] = lambda name: True) -> Sequence[str]:
        """Connections that go by a new name in the configuration keep everything; returns a note for each."""
        configured = [(name, one.connector) for name, one in self.settings.connections.items()]

        def account_of(name: str) -> str | None:
            settings = self.settings.connections[name]
            if name in self.ready:
                return self.ready[name].check().id
            runtime = replace(self.runtime, default_country=settings.default_country or "")
            tokens = VaultTokenStore(self.vault, f"new:{name}")
            try:
                return self.vendors[settings.connector].build(settings.config, runtime, tokens).check().id
            except (AuthError, ConfigError):
                return None

        renames = Connections(self.db).follow_renames(configured, account_of)
        return [f"{one.old} is now called {one.new}; everything it had was kept" for one in renames]

"""Writing to HubSpot: finding what is there, creating and updating in batches, associating, archiving."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from connectors.core.protocols import Target
from connectors.hubspot import associations, batches
from connectors.hubspot.api import MOST_INPUTS, SEARCH_PAGE, Api, Json, chunks
from connectors.hubspot.batches import STOPPED, Item, committed
from connectors.hubspot.mapping import TARGETS
from connectors.hubspot.properties import Property, properties, schema
from mapping.contract import Change, Op, Outcome, Remote, RemoteId, Schema, Status, Step
from mapping.errors import ContractError

GROUP = "concord"


class HubSpotWrites:
    """The ``Writes`` capability. Property definitions are read once and again after ``provision``."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._properties: dict[str, dict[str, Property]] = {}

    def targets(self) -> Sequence[Target]:
        """Companies and contacts, then the activities that hang on them."""
        return TARGETS

    def describe(self, target: str) -> Schema:
        """The object's properties as defined now."""
        self._properties.pop(target, None)
        return schema(self._known(target))

    def provision(self, target: str, dry_run: bool) -> Sequence[Step]:
        """Creates the property group and the unique property for our key where they are missing.

        Raises ContractError where a property of that name exists but is not unique, which HubSpot cannot change.
        """
        name = _external_id(target)
        self._properties.pop(target, None)
        known = self._known(target).get(name)
        if known is not None:
            if not known.field.unique:
                raise ContractError(f"{target} have a property {name} that is not unique; archive it there first")
            return ()
        steps = []
        groups = self._api.read("GET", f"/crm/v3/properties/{target}/groups").get("results") or ()
        if all(each.get("name") != GROUP for each in groups):
            steps.append(Step(f"create the property group {GROUP} of {target}", not dry_run))
            if not dry_run:
                self._api.write(f"/crm/v3/properties/{target}/groups", {"name": GROUP, "label": "Concord"})
        steps.append(Step(f"create the unique property {name} of {target}", not dry_run))
        if not dry_run:
            self._api.write(f"/crm/v3/properties/{target}", _definition(name))
            self._properties.pop(target, None)
        return steps

    def find(self, target: str, field: str, values: Sequence[str]) -> Mapping[str, Sequence[Remote]]:
        """Live records by value, oldest first. Unique properties are read directly, without the search index's lag;
        others through the search, which may not show the last seconds' writes yet."""
        known = self._known(target)
        if field != "hs_object_id" and field not in known:
            return {}
        names = [*known]
        unique = field == "hs_object_id" or known[field].field.unique
        if unique:
            records = self._api.some(target, list(values), names, "" if field == "hs_object_id" else field)
        else:
            records = self._searched(target, field, values, names)
        by_value: dict[str, list[Json]] = {}
        for record in records:
            for held in _held(record, field):
                by_value.setdefault(held, []).append(record)
        found = {value: by_value[value.casefold()] for value in values if value.casefold() in by_value}
        return {value: [_remote(each) for each in sorted(some, key=_age)] for value, some in found.items()}

    def fetch(self, target: str, ids: Sequence[RemoteId]) -> Mapping[RemoteId, Remote]:
        """Live values by id as asked; for a merged id, the record it became (whose own id differs)."""
        found = {
            record: _remote(each)
            for each in self._api.some(target, ids, [*self._known(target)])
            for record in _ids(each)
        }
        return {each: found[each] for each in ids if each in found}

    def associated(self, target: str, role: str, ids: Sequence[RemoteId]) -> Mapping[RemoteId, Sequence[str]]:
        """What the records are associated with now, whatever the type or label."""
        to = next(each.refs[role] for each in TARGETS if each.object == target)
        found = self._api.linked(target, to, ids)
        return {RemoteId(id_): [f"{to}:{each}" for each in linked] for id_, linked in found.items() if linked}

    def write(self, target: str, batch: Sequence[Change]) -> Sequence[Outcome]:
        """One outcome a change. What can be seen to be wrong here (an unknown property, an impossible value) fails
        without a request, so that it does not cost its neighbours a batch."""
        done: dict[str, Outcome] = {}
        try:
            for outcome in self._written(target, batch):
                done[outcome.key] = outcome
        except STOPPED as stopped:
            if not any(map(committed, done.values())):
                raise
            # Part of the batch is committed: the rest was not sent, and is looked for and sent again like a lost one.
            for change in batch:
                done.setdefault(
                    change.key, Outcome(change.key, Status.UNKNOWN, change.remote_id, error=f"not sent: {stopped}")
                )
        if any("PROPERTY_DOESNT_EXIST" in each.error for each in done.values()):
            # Somebody deleted a property since we looked: look again, so that the next batch is not halved for it.
            self._properties.pop(target, None)
        return [done[change.key] for change in batch]

    def _written(self, target: str, batch: Sequence[Change]) -> Iterator[Outcome]:
        yield from self._archived(target, [each for each in batch if each.op is Op.ARCHIVE])
        yield from self._linked(target, [each for each in batch if each.op is Op.ASSOCIATE], remove=False)
        yield from self._linked(target, [each for each in batch if each.op is Op.DISSOCIATE], remove=True)
        records = [each for each in batch if each.op in (Op.UPSERT, Op.UPDATE)]
        moved = self._moved(target, records)
        updates, upserts = list[Item](), list[Item]()
        for change in records:
            if change.key in moved:
                yield Outcome(
                    change.key, Status.FAILED, change.remote_id, error="conflict: it changed there since it was read"
                )
                continue
            try:
                item = self._item(target, change)
            except ValueError as wrong:
                yield Outcome(change.key, Status.FAILED, change.remote_id, error=str(wrong))
                continue
            (updates if change.remote_id or change.op is Op.UPDATE else upserts).append(item)
        for verb, items in (("update", updates), ("upsert", upserts)):
            for run in batches.rounds(items):
                yield from self._with_links(target, run, batches.send(self._api, target, verb, run))

    def _item(self, target: str, change: Change) -> Item:
        """Raises ValueError with the reason why the change cannot be sent."""
        known, key = self._known(target), _external_id(target)
        values: dict[str, str] = {}
        for name, value in [*change.set.items(), *((name, None) for name in change.clear)]:
            if name not in known:
                raise ValueError(f"{target} have no property {name}")
            try:
                values[name] = known[name].written(value)
            except ValueError as wrong:
                raise ValueError(f"{name}: {wrong}") from None
        if change.external_id and key not in known:
            raise ValueError(f"{target} have no property {key} yet: it has to be provisioned first")
        if change.remote_id:
            return Item(
                change, change.remote_id, "", ({key: change.external_id} if change.external_id else {}) | values
            )
        if change.external_id:
            return Item(change, change.external_id, key, {key: change.external_id} | values)
        by = known.get(change.match.field) if change.match and change.op is Op.UPSERT else None
        if change.match and by and by.field.unique:
            return Item(change, change.match.value, change.match.field, values)
        raise ValueError("there is neither a record id nor a unique key to write it by")

    def _with_links(self, target: str, run: Sequence[Item], outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """The outcomes, once the references of what was written are associated too."""
        done = {each.key: each for each in outcomes}
        wanted, bad = list[associations.Link](), dict[str, str]()
        for item in run:
            outcome = done[item.change.key]
            if outcome.remote_id and outcome.status in (Status.CREATED, Status.UPDATED):
                try:
                    wanted += associations.links(outcome.key, outcome.remote_id, item.change.refs)
                except ValueError as wrong:
                    bad[outcome.key] = str(wrong)
        try:
            linked = associations.link(self._api, target, wanted)
        except STOPPED as stopped:
            # The records are there; to say so and to leave their associations unsaid would lose them.
            linked = {
                each.key: Outcome(each.key, Status.UNKNOWN, error=f"not associated: {stopped}") for each in wanted
            }
        for key, outcome in done.items():
            worse = linked.get(key)
            if key in bad:
                yield replace(outcome, status=Status.FAILED, error=bad[key])
            elif worse is not None and worse.status is not Status.UPDATED:
                yield replace(outcome, status=worse.status, error=worse.error)
            else:
                yield outcome

    def _linked(self, target: str, changes: Sequence[Change], *, remove: bool) -> Iterator[Outcome]:
        wanted: list[associations.Link] = []
        for change in changes:
            try:
                found = associations.links(change.key, change.remote_id or "", change.refs)
            except ValueError as wrong:
                yield Outcome(change.key, Status.FAILED, change.remote_id, error=str(wrong))
                continue
            if not change.remote_id:
                yield Outcome(change.key, Status.FAILED, error="there is no record id to associate")
            elif not found:
                yield Outcome(change.key, Status.UNCHANGED, change.remote_id)
            else:
                wanted += found
        remote = {change.key: change.remote_id for change in changes}
        for key, outcome in associations.link(self._api, target, wanted, remove=remove).items():
            yield replace(outcome, remote_id=remote[key])

    def _archived(self, target: str, changes: Sequence[Change]) -> Iterator[Outcome]:
        named = [each for each in changes if each.remote_id]
        for change in changes:
            if not change.remote_id:
                yield Outcome(change.key, Status.FAILED, error="there is no record id to archive")

        def post(some: Sequence[Change]) -> Iterator[Outcome]:
            self._api.write(
                f"/crm/v3/objects/{target}/batch/archive", {"inputs": [{"id": each.remote_id} for each in some]}
            )
            return iter([Outcome(each.key, Status.UPDATED, each.remote_id) for each in some])

        for run in chunks(named, MOST_INPUTS):
            yield from batches.halved(
                run,
                post,
                lambda each, refused: Outcome(each.key, Status.FAILED, each.remote_id, error=refused.reason),
                lambda each, lost: Outcome(each.key, Status.UNKNOWN, each.remote_id, error=str(lost)),
            )

    def _moved(self, target: str, changes: Sequence[Change]) -> set[str]:
        """The keys of changes whose record is no longer of the version they expect. HubSpot has no compare-and-swap:
        between this look and the write a small window stays open."""
        expecting = [each for each in changes if each.expect and each.remote_id]
        if not expecting:
            return set()
        live = {
            str(each["id"]): str(each.get("updatedAt"))
            for each in self._api.some(target, [str(each.remote_id) for each in expecting], ["hs_object_id"])
        }
        return {each.key for each in expecting if live.get(str(each.remote_id)) != each.expect}

    def _searched(self, target: str, field: str, values: Sequence[str], names: Sequence[str]) -> list[Json]:
        found: list[Json] = []
        # IN compares text properties with lower-case values only (search guide, read 2026-11-23).
        for some in chunks(list(dict.fromkeys(value.lower() for value in values)), MOST_INPUTS):
            last = "0"
            while True:
                filters: list[Json] = [
                    {"propertyName": field, "operator": "IN", "values": list(some)},
                    {"propertyName": "hs_object_id", "operator": "GT", "value": last},
                ]
                page = self._api.search(target, filters, names, SEARCH_PAGE)
                found += page.records
                if not page.after or not page.records:
                    break
                last = str(page.records[-1]["id"])
        return found

    def _known(self, target: str) -> dict[str, Property]:
        if target not in self._properties:
            self._properties[target] = properties(target, self._api.properties(target))
        return self._properties[target]


def _external_id(target: str) -> str:
    found = next((each.external_id for each in TARGETS if each.object == target), "")
    if not found:
        raise ContractError(f"{target} is no object that is written to")
    return found


def _definition(name: str) -> Json:
    return {
        "name": name,
        "label": "Concord key",
        "description": "Written by Concord to recognise its own records. Do not edit.",
        "groupName": GROUP,
        "type": "string",
        "fieldType": "text",
        "hasUniqueValue": True,
        "hidden": False,
        "formField": False,
    }


def _remote(record: Json) -> Remote:
    values = {name: value for name, value in record["properties"].items() if value is not None}
    return Remote(
        RemoteId(str(record["id"])), values, str(record.get("updatedAt") or "") or None, bool(record.get("archived"))
    )


def _held(record: Json, field: str) -> set[str]:
    """The values by which a record is found, case folded; an additional email finds its contact too."""
    values = record["properties"]
    held = {str(values.get(field) or "")}
    if field == "email":
        held |= {*str(values.get("hs_additional_emails") or "").split(";")}
    if field == "hs_object_id":
        held |= set(_ids(record))
    return {each.strip().casefold() for each in held if each.strip()}


def _ids(record: Json) -> list[RemoteId]:
    merged = str(record["properties"].get("hs_merged_object_ids") or "").split(";")
    return [RemoteId(each) for each in (str(record["id"]), *merged) if each]


def _age(record: Json) -> tuple[str, int]:
    return str(record.get("createdAt") or ""), int(record["id"])

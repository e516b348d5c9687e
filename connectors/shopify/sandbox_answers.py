"""How the stand-in answers a document: it is checked against the types, priced, and then read out of what is there.

The price is that of Shopify's published rule, by its dearest reading: an object 1 point, a connection 2 and each record
that is asked for what a record costs, a mutation 10, scalars nothing ("Rate limiting GraphQL APIs by calculating query
complexity", Shopify Engineering). Observed prices of large pages are lower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.shopify.sandbox_documents import DocumentError, Field, Fragment, Operation, Variable
from connectors.shopify.sandbox_types import TYPES, FieldType, possible

Values = Mapping[str, Any]
Selection = Sequence[Field | Fragment]

MUTATION = 10
UNSIZED = 10
"""What a list whose length was not asked for counts as."""


class RefusedError(Exception):
    """A field that cannot be given; ``extensions`` say why."""

    def __init__(self, message: str, code: str, **more: Any) -> None:
        super().__init__(message)
        self.extensions = {"code": code, **more}


class _NullError(Exception):
    """What may not be null is null: so is what holds it."""


@dataclass(slots=True)
class Listing:
    """One page of a connection, as it was cut. ``cursors`` stand beside the nodes."""

    nodes: Sequence[Values]
    cursors: Sequence[str]
    more: bool = False
    before: bool = False


Resolve = Callable[[Values, str, str, Mapping[str, Any]], Any]


@dataclass(slots=True)
class Reading:
    """One execution. ``resolve(object, type, field, arguments)`` gives a value, or raises RefusedError."""

    operation: Operation
    variables: Mapping[str, Any]
    resolve: Resolve
    errors: list[dict[str, Any]] = field(default_factory=list)
    spent: int = 0

    @property
    def root(self) -> str:
        """The type that the operation begins at."""
        return "QueryRoot" if self.operation.kind == "query" else "Mutation"

    def price(self) -> int:
        """What the operation may cost at most. Raises DocumentError for what the types do not have."""
        mutation = MUTATION * len(self.operation.selection) if self.root == "Mutation" else 0
        return mutation + self._price(self.root, self.operation.selection)

    def run(self) -> Values | None:
        """The data; what was refused is null in it, and told in ``errors``."""
        try:
            return self._object({}, self.root, self.operation.selection, ())
        except _NullError:
            return None

    def arguments(self, asked: Field) -> dict[str, Any]:
        """The arguments of a field with the values of their variables."""
        return {name: self._valued(value) for name, value in asked.arguments.items()}

    def _valued(self, value: Any) -> Any:
        if isinstance(value, Variable):
            return self.variables.get(value.name, self.operation.defaults.get(value.name))
        return [self._valued(each) for each in value] if isinstance(value, list) else value

    def _price(self, type_: str, selection: Selection) -> int:
        if type_ not in TYPES and len(possible(type_)) > 1:
            return max(self._price(one, list(_of(one, selection))) for one in possible(type_))
        narrowed = [part for part in selection if isinstance(part, Fragment) and _narrows(part.on, type_)]
        dearest = max((self._price(part.on, part.selection) for part in narrowed), default=0)
        return sum(self._price_of(type_, asked) for asked in _of(type_, selection)) + dearest

    def _price_of(self, type_: str, asked: Field) -> int:
        if asked.name == "__typename":
            return 0
        known = TYPES[type_].get(asked.name)
        if known is None:
            raise DocumentError(f"Field '{asked.name}' doesn't exist on type '{type_}'")
        if bool(known.type) != bool(asked.selection):
            raise DocumentError(f"Field '{asked.name}' must {'' if known.type else 'not '}have selections")
        if not known.type:
            return 0
        if known.connection:
            return 2 + self._length(asked, required=True) * (1 + self._price_of_nodes(known.type, asked))
        one = 1 + self._price(known.type, asked.selection)
        return self._length(asked) * one if known.many else one

    def _price_of_nodes(self, type_: str, asked: Field) -> int:
        """Of a record, whether it is asked for by ``nodes`` or by ``edges``; checks what else a connection has."""
        found = 0
        for part in _of(f"{type_}Connection", asked.selection):
            if part.name != "__typename" and not part.selection:
                raise DocumentError(f"Field '{part.name}' must have selections")
            if part.name == "pageInfo":
                self._price("PageInfo", part.selection)
            elif part.name == "nodes":
                found = max(found, self._price(type_, part.selection))
            elif part.name == "edges":
                for end in _of(f"{type_}Edge", part.selection):
                    if end.name not in ("node", "cursor"):
                        raise DocumentError(f"Field '{end.name}' doesn't exist on type '{type_}Edge'")
                    found = max(found, self._price(type_, end.selection) if end.name == "node" else 0)
            elif part.name != "__typename":
                raise DocumentError(f"Field '{part.name}' doesn't exist on type '{type_}Connection'")
        return found

    def _length(self, asked: Field, *, required: bool = False) -> int:
        arguments = self.arguments(asked)
        ids = arguments.get("ids")
        size = len(ids) if isinstance(ids, list) else arguments.get("first", arguments.get("last"))
        if size is None and required:
            raise DocumentError(f"you must provide one of first or last on '{asked.name}'")
        if size is not None and not 0 <= size <= 250:
            raise DocumentError(f"first on '{asked.name}' must be between 0 and 250")
        return UNSIZED if size is None else int(size)

    def _object(self, held: Values, type_: str, selection: Selection, path: tuple[str | int, ...]) -> Values:
        told: dict[str, Any] = {}
        for asked in _of(held.get("__typename") or type_, selection):
            if asked.name == "__typename":
                told[asked.key] = held.get("__typename") or type_
                continue
            known = TYPES[held.get("__typename") or type_][asked.name]
            told[asked.key] = self._value(held, type_, known, asked, (*path, asked.key))
        return told

    def _value(self, held: Values, type_: str, known: FieldType, asked: Field, path: tuple[str | int, ...]) -> Any:
        try:
            value = self.resolve(held, held.get("__typename") or type_, asked.name, self.arguments(asked))
        except RefusedError as refused:
            told = {"message": str(refused), "path": list(path), "extensions": refused.extensions}
            self.errors.append(told)
            value = None
        try:
            value = self._completed(value, known, asked, path)
        except _NullError:
            value = None
        if value is None and known.required:
            raise _NullError
        return value

    def _completed(self, value: Any, known: FieldType, asked: Field, path: tuple[str | int, ...]) -> Any:
        if value is None or not known.type:
            return value
        if isinstance(value, Listing):
            self.spent += 2
            return self._listing(value, known.type, asked, path)
        if known.many:
            cut = value[: self.arguments(asked).get("first")]
            return [each and self._one(each, known, asked, (*path, at)) for at, each in enumerate(cut)]
        return self._one(value, known, asked, path)

    def _one(self, value: Values, known: FieldType, asked: Field, path: tuple[str | int, ...]) -> Values:
        self.spent += 1
        return self._object(value, known.type, asked.selection, path)

    def _listing(self, page: Listing, type_: str, asked: Field, path: tuple[str | int, ...]) -> Values:
        told: dict[str, Any] = {}
        for part in _of(f"{type_}Connection", asked.selection):
            if part.name == "nodes":
                told[part.key] = self._nodes(page, type_, part.selection, (*path, part.key))
            elif part.name == "edges":
                told[part.key] = self._edges(page, type_, part.selection, (*path, part.key))
            elif part.name == "pageInfo":
                ends = {"startCursor": page.cursors[0], "endCursor": page.cursors[-1]} if page.cursors else {}
                flags = {"hasNextPage": page.more, "hasPreviousPage": page.before}
                held = {"startCursor": None, "endCursor": None, **ends, **flags}
                told[part.key] = {each.key: held[each.name] for each in _of("PageInfo", part.selection)}
            else:
                told[part.key] = f"{type_}Connection"
        return told

    def _nodes(self, page: Listing, type_: str, selection: Selection, path: tuple[str | int, ...]) -> list[Values]:
        self.spent += len(page.nodes)
        return [self._object(node, type_, selection, (*path, at)) for at, node in enumerate(page.nodes)]

    def _edges(self, page: Listing, type_: str, selection: Selection, path: tuple[str | int, ...]) -> list[Values]:
        self.spent += len(page.nodes)
        told: list[Values] = []
        for at, (node, cursor) in enumerate(zip(page.nodes, page.cursors, strict=True)):
            edge: dict[str, Any] = {}
            for part in _of(f"{type_}Edge", selection):
                here = (*path, at, part.key)
                edge[part.key] = cursor if part.name == "cursor" else self._object(node, type_, part.selection, here)
            told.append(edge)
        return told


def _of(type_: str, selection: Selection) -> Iterator[Field]:
    """The fields that are asked for of an object of that type, through its fragments."""
    for part in selection:
        if isinstance(part, Field):
            yield part
        elif part.on in ("", type_) or type_ in possible(part.on):
            yield from _of(type_, part.selection)


def _narrows(on: str, type_: str) -> bool:
    """Whether a fragment is on one of several types that an interface may stand for."""
    return on != type_ and on in possible(type_)

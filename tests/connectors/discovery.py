"""Google's discovery documents: the vendor's own client built from one, and what passed held against it.

They come with google-api-python-client. A request must be a documented method with documented parameters of the right
form, ``fields`` must name what the answer has, and bodies must fit their schemas, which must know all that is in them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import googleapiclient
from google.auth.credentials import Credentials
from google.oauth2.credentials import Credentials as OAuth
from google.oauth2.service_account import Credentials as ServiceAccount
from googleapiclient.discovery import build_from_document
from jsonschema import Draft202012Validator

from connectors.core.google_fields import Selection, parse
from connectors.core.sandbox import Exchange

DOCUMENTS = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
NOT_DESCRIBED = re.compile(r"/token|/batch(/.*)?")
FORMATS = {
    "int64": r"^-?\d+$",
    "uint64": r"^\d+$",
    "date-time": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
    "date": r"^\d{4}-\d\d-\d\d$",
    "byte": r"^[\w\-=]*$",
}
VALUES = {"integer": r"-?\d+", "boolean": r"(?i)true|false", "number": r"-?\d+(\.\d+)?"}
REFUSAL = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "errors"],
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "errors": {"type": "array", "items": {"type": "object", "required": ["domain", "reason", "message"]}},
            },
        }
    },
}


@dataclass(frozen=True)
class Discovery:
    """One API's document, such as ``Discovery("gmail", "v1")``."""

    name: str
    version: str

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The document as it is published."""
        found: Mapping[str, Any] = json.loads((DOCUMENTS / f"{self.name}.{self.version}.json").read_text("utf-8"))
        return found

    def client(self, url: str, credentials: Credentials) -> Any:
        """The vendor's client at another address; batches go by ``rootUrl``, which no option of the client changes."""
        document = {**self.document, "rootUrl": f"{url}/", "baseUrl": f"{url}/{self.document['servicePath']}"}
        return build_from_document(json.dumps(document), credentials=credentials)

    def problems(self, exchanges: Iterable[Exchange]) -> list[str]:
        """Where requests and answers depart from the document; it describes neither batches nor the token endpoint."""
        described = [each for each in exchanges if not NOT_DESCRIBED.fullmatch(each.request.path)]
        assert described, "nothing passed"
        return sorted({problem for each in described for problem in self._problems(each)})

    @cached_property
    def _methods(self) -> list[tuple[str, re.Pattern[str], Mapping[str, Any]]]:
        return list(self._walk(self.document))

    def _walk(self, resource: Mapping[str, Any]) -> Iterator[tuple[str, re.Pattern[str], Mapping[str, Any]]]:
        for method in resource.get("methods", {}).values():
            path = re.escape(f"/{self.document['servicePath']}{method['path']}")
            yield method["httpMethod"], re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", path)), method
        for inner in resource.get("resources", {}).values():
            yield from self._walk(inner)

    @cached_property
    def _schemas(self) -> dict[str, Any]:
        return {name: self._schema(schema) for name, schema in self.document["schemas"].items()}

    def _problems(self, exchange: Exchange) -> Iterator[str]:
        request, reply = exchange.request, exchange.reply
        found = [one for verb, path, one in self._methods if verb == request.method and path.fullmatch(request.path)]
        if not found:
            yield f"{request.method} {request.path} is no documented method"
            return
        method = found[0]
        where = method["id"]
        for name, values in request.query.items():
            parameter = {**self.document["parameters"], **method.get("parameters", {})}.get(name)
            if parameter is None or parameter.get("location") != "query":
                yield f"{where}: there is no parameter {name}"
                continue
            if len(values) > 1 and not parameter.get("repeated"):
                yield f"{where}: parameter {name} is given twice"
            yield from (f"{where}: {name}={value}" for value in values if not _fits(parameter, value))
        missing = {name for name, one in method.get("parameters", {}).items() if one.get("required")} - {*request.query}
        in_path = {name for name, one in method.get("parameters", {}).items() if one["location"] == "path"}
        yield from (f"{where}: parameter {name} is missing" for name in missing - in_path)
        if "request" in method:
            yield from self._departures(self._schema(method["request"]), request.json(), f"{where} asked")
        if reply.status >= 400:
            yield from self._departures(REFUSAL, reply.body, f"{where} refused")
        elif "response" in method:
            yield from self._departures(self._schema(method["response"]), reply.body, f"{where} answered")
            if request.first("fields"):
                yield from self._unknown(parse(request.first("fields")), method["response"], f"{where}: fields")
        elif reply.body is not None:
            yield f"{where} answered with a body, and none is documented"

    def _unknown(self, wanted: Selection, schema: Mapping[str, Any], where: str) -> Iterator[str]:
        """The names of a field selection that the schema does not have."""
        while "$ref" in schema or "items" in schema:
            schema = self.document["schemas"][schema["$ref"]] if "$ref" in schema else schema["items"]
        for name, inner in wanted.items():
            known = schema.get("properties", {}).get(name)
            if known is None:
                yield f"{where} {name} is not there"
            elif inner:
                yield from self._unknown(inner, known, f"{where} {name}/")

    def _departures(self, schema: Mapping[str, Any], body: Any, where: str) -> Iterator[str]:
        for error in Draft202012Validator({**schema, "$defs": self._schemas}).iter_errors(body):
            yield f"{where}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"

    def _schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """A discovery schema in JSON Schema's words, closed: what it does not know must not be there."""
        if "$ref" in schema:
            return {"$ref": f"#/$defs/{schema['$ref']}"}
        kind = schema.get("type", "any")
        if kind == "any":
            return {}
        if kind == "array":
            return {"type": "array", "items": self._schema(schema["items"])}
        if kind == "object":
            named = {name: self._schema(one) for name, one in schema.get("properties", {}).items()}
            more = self._schema(schema["additionalProperties"]) if "additionalProperties" in schema else False
            return {"type": "object", "properties": named, "additionalProperties": more}
        plain = {"type": kind, **({"enum": schema["enum"]} if "enum" in schema else {})}
        return {**plain, **({"pattern": FORMATS[schema["format"]]} if schema.get("format") in FORMATS else {})}


def person(url: str, client: tuple[str, str, str]) -> Credentials:
    """The client library's login of one person: client id, secret and refresh token."""
    given = {"token_uri": f"{url}/token", "client_id": client[0], "client_secret": client[1]}
    return OAuth(None, client[2], **given)  # type: ignore[no-untyped-call]  # the library has no types there


def spoken_for(key_file: str, scope: str, user: str) -> Credentials:
    """The client library's login by a service account for somebody of the domain."""
    told = json.loads(key_file)
    account = ServiceAccount.from_service_account_info(told, scopes=[scope])  # type: ignore[no-untyped-call]  # as above
    found: Credentials = account.with_subject(user)
    return found


def _fits(parameter: Mapping[str, Any], value: str) -> bool:
    pattern = VALUES.get(parameter["type"]) or FORMATS.get(parameter.get("format", ""), "")
    if not re.fullmatch(pattern or ".*", value, re.DOTALL):
        return False
    return value in parameter.get("enum", [value]) and int(parameter.get("minimum", -(10**9))) <= (
        int(value) if parameter["type"] == "integer" else 10**9
    )

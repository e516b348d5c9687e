"""What Tryton's refusals mean: most stand in an answer of status 200, as ``{"error": [name, details]}``.

The name is that of the exception; an exception that is none of Tryton's own gives its message in the place of the name
(trytond/protocols/jsonrpc.py, trytond/exceptions.py). Messages quote records and are translated, so none is passed on.
"""

from __future__ import annotations

import re
from typing import Any

import httpx

from connectors.core import answers
from mapping.errors import (
    AuthError,
    ConcordError,
    ConflictError,
    ContractError,
    RateLimitedError,
    TransientError,
)

LOGIN_WAIT = 300.0
"""Seconds that failed logins are counted, which is ``session.timeout`` by default (trytond/res/user.py)."""
MODULES = {
    "party.party": "party",
    "sale.sale": "sale",
    "account.invoice": "account_invoice",
    "account.payment": "account_payment",
}
"""The module that brings a model."""
_OPERATIONAL = re.compile(
    r"database is locked|deadlock|could not serialize|could not obtain lock|lock timeout|statement timeout"
    r"|connection (?:refused|reset|closed|already closed|timed out)|server closed the connection|too many clients"
    r"|terminating connection",
    re.IGNORECASE,
)


class UserRefusalError(ContractError):
    """Tryton refused with an error for people: a missing right, or a record it cannot work out."""


class FailedError(ContractError):
    """Tryton's own code failed at what was asked: of one record, or of all."""


def classify(response: httpx.Response) -> ConcordError | None:
    """The error that a status stands for; 404 and 405 say that the address is none of Tryton's."""
    if response.status_code in (404, 405):
        return ContractError(f"{answers.describe(response)}: there is no Tryton at this address")
    return answers.classify(response)


def classify_login(response: httpx.Response) -> ConcordError | None:
    """The same at login: too many failures lock the name, and each further try prolongs it, so none is made soon."""
    usual = classify(response)
    if response.status_code == 429:
        problem = f"{answers.describe(response)}: too many failed logins"
        return RateLimitedError(problem, retry_after=LOGIN_WAIT)
    return usual


def refusal(error: Any, model: str = "") -> ConcordError:
    """The error that ``error`` of an answer stands for. UserRefusalError and FailedError may concern one record."""
    name = str(error[0]) if isinstance(error, list) and error else ""
    about = f" ({model})" if model else ""
    if name == "UserError":
        return UserRefusalError(f"Tryton refused{about}")
    if name == "UserWarning":
        return ContractError(f"Tryton asks a person to confirm{about}, which reading should never do")
    if name == "ConcurrencyException":
        return ConflictError(f"the record was changed meanwhile{about}")
    if name == "LoginException":
        return AuthError("Tryton asks for a second factor; give Concord a user that logs in by password alone")
    if name == "RateLimitException":
        return RateLimitedError("Tryton asks for patience", retry_after=LOGIN_WAIT)
    if model and name == f"'{model}'":
        return missing(model)
    if _OPERATIONAL.search(name):
        return TransientError(f"Tryton's database did not answer well{about}")
    return FailedError(f"Tryton failed at what was asked{about}")


def missing(model: str) -> ContractError:
    """The error for a model that the database does not have."""
    module = MODULES.get(model)
    return ContractError(f"Tryton knows no {model}" + (f": its module {module} is not activated" if module else ""))

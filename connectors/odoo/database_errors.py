"""What the stand-in refuses, as the exceptions that Odoo would raise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GONE = "Record does not exist or has been deleted.\n(Record: {model}({ids},), User: {user})"


class OdooError(Exception):
    """A refusal: the qualified name of the server's exception, and the status that JSON-2 gives it (exceptions of
    ``odoo.exceptions`` carry one each, all others are a 500)."""

    def __init__(self, name: str, message: str, status: int = 500, arguments: tuple[Any, ...] | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.status = status
        self.arguments = (message,) if arguments is None else arguments

    def told(self) -> Mapping[str, Any]:
        """The serialised exception, the same in both dialects."""
        trace = f'Traceback (most recent call last):\n  File "odoo/http.py", line 1\n{self.name}: {self.message}\n'
        return {
            "name": self.name,
            "message": self.message,
            "arguments": list(self.arguments),
            "context": {},
            "debug": trace,
        }


def http_error(kind: str, message: str, status: int) -> OdooError:
    """A refusal of the web layer, such as ``NotFound``."""
    return OdooError(f"werkzeug.exceptions.{kind}", message, status, (message, status))


def access_denied() -> OdooError:
    """A wrong login, password or key."""
    return OdooError("odoo.exceptions.AccessDenied", "Access Denied", 403)


def access_error(model: str) -> OdooError:
    """A user without the right to a model."""
    message = f"You are not allowed to access '{model}' ({model}) records."
    return OdooError("odoo.exceptions.AccessError", message, 403)


def missing_error(model: str, ids: str, user: int) -> OdooError:
    """A record that is not there any more."""
    return OdooError("odoo.exceptions.MissingError", GONE.format(model=model, ids=ids, user=user), 404)


def user_error(message: str) -> OdooError:
    """Something that the application does not allow."""
    return OdooError("odoo.exceptions.UserError", message, 422)


def validation_error(message: str) -> OdooError:
    """A value that breaks a constraint."""
    return OdooError("odoo.exceptions.ValidationError", message, 422)


def value_error(message: str) -> OdooError:
    """A field, operator or value that makes no sense."""
    return OdooError("builtins.ValueError", message)

"""Email addresses in their one canonical form, and what an address alone tells."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

from mapping.wordlists import DUMMIES, DUMMY_DOMAINS, NO_REPLY, NOBODY, ROLE_MAILBOXES

_LONGEST = 320  # RFC 5321: 64 octets before the sign, 255 after it

_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})")
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})")

_NOT_LETTERS = re.compile(r"[^a-z]")

_GMAIL = frozenset({"gmail.com", "googlemail.com"})

_ROLES = frozenset(ROLE_MAILBOXES.split())
_NO_REPLY = tuple(NO_REPLY.split())
_SEPARATORS = str.maketrans("", "", "._-")

_NOBODY = frozenset(NOBODY.split())
_NO_PERSON = _NOBODY | _ROLES
_DUMMIES = frozenset(DUMMIES.split())
_DUMMY_DOMAINS = frozenset(DUMMY_DOMAINS.split())


def email(text: str) -> str | None:
    """The address in canonical form, or None when it is none.

    Trimmed, out of ``mailto:`` and ``Name <address>``, local part case-folded and NFC, domain lower-case in its ASCII
    form (IDNA). Local parts are case-sensitive by RFC 5321, but no mailbox provider of note treats them so.
    """
    lowered = text.strip().lower()
    local, _, host = lowered.partition("@")
    if len(lowered) <= 254 and _LOCAL.fullmatch(local) is not None and _is_domain(host):
        return lowered if len(local) <= 64 else None
    return _odd(text)


def _is_plain(lowered: str) -> bool:
    local, _, host = lowered.partition("@")
    return _LOCAL.fullmatch(local) is not None and _is_domain(host)


@lru_cache(maxsize=4096)
def _is_domain(host: str) -> bool:
    """Remembered, since most addresses of a company's customers share a few."""
    return _DOMAIN.fullmatch(host) is not None


def _odd(text: str) -> str | None:
    text = text.strip().strip("'\"\u200b\ufeff").strip()
    if len(text) > 2 * _LONGEST:
        return None
    if text.endswith(">") and (start := text.rfind("<")) >= 0:
        text = text[start + 1 : -1].strip()
    if text[:7].lower() == "mailto:":
        text = unquote(text[7:].partition("?")[0])
    text = unicodedata.normalize("NFC", text.strip().strip("<>;,").strip())
    if len(text) > _LONGEST or text.count("@") != 1:
        return None
    lowered = text.lower()
    if _is_plain(lowered):
        return lowered if len(lowered) <= 254 and lowered.find("@") <= 64 else None
    from email_validator import EmailNotValidError, validate_email  # few hubs ever need it

    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    local = unicodedata.normalize("NFC", unicodedata.normalize("NFC", found.local_part.casefold()).casefold())
    return f"{local}@{found.ascii_domain.lower()}" if "." in found.ascii_domain else None


def email_key(address: str, *, subaddress: bool = True) -> str:
    """What two spellings of one mailbox have in common; ``address`` is in canonical form.

    Without the ``+tag`` (RFC 5233; with ``subaddress`` False it stays), and at Gmail without dots and with one domain,
    as Google delivers them (support.google.com/mail/answer/7436150).
    """
    local, at, domain = address.rpartition("@")
    if subaddress and "+" in local:
        local = local.partition("+")[0] or local
    elif at and domain not in _GMAIL:
        return address
    if domain in _GMAIL:
        return f"{local.replace('.', '') or local}@gmail.com"
    return f"{local}@{domain}"


def domain(text: str) -> str | None:
    """The host of an email address or a web address, lower-case ASCII, without ``www.``; None when there is none."""
    text = text.strip()
    if not text or len(text) > 2048:
        return None
    host = text.rpartition("@")[2] if "://" not in text else text.partition("://")[2]
    for mark in ("/", "?", "#"):
        host = host.partition(mark)[0]
    host = host.rpartition("@")[2].partition(":")[0].strip(" .<>").lower()
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    host = host.removeprefix("www.")
    return host if len(host) <= 253 and _HOST.fullmatch(host) else None


def names_nobody(address: str) -> bool:
    """Whether the address is a role mailbox or a placeholder; both at the price of one."""
    local, _, host = address.rpartition("@")
    joined = local.replace(".", "").replace("_", "").replace("-", "")  # a third of the price of translate()
    return (
        joined in _NO_PERSON
        or joined.startswith(_NO_REPLY)
        or host in _DUMMY_DOMAINS
        or host.endswith(".invalid")
        or (joined in _DUMMIES and host.partition(".")[0] in _DUMMIES)
        or ("+" in local and role_mailbox(address))
    )


@lru_cache(maxsize=65_536)
def local_letters(address: str) -> str:
    """The letters before the sign: what an address says of a name, without digits and marks."""
    return _NOT_LETTERS.sub("", address.rpartition("@")[0])


def role_mailbox(address: str) -> bool:
    """Whether the address belongs to a function (info@, sales@, noreply@) rather than to a person."""
    local = address.rpartition("@")[0].partition("+")[0]
    joined = local.translate(_SEPARATORS)
    return joined in _ROLES or joined.startswith(_NO_REPLY)


def placeholder_email(address: str) -> bool:
    """Whether the address was typed only to get past a form (noemail@…, test@test.com)."""
    local, _, host = address.rpartition("@")
    joined = local.replace(".", "").replace("_", "").replace("-", "")  # a third of the price of translate()
    return (
        joined in _NOBODY
        or host in _DUMMY_DOMAINS
        or host.endswith(".invalid")
        or (joined in _DUMMIES and host.partition(".")[0] in _DUMMIES)
    )


def mailbox(text: str) -> str | None:
    """The address in canonical form, or None when there is none or it is a placeholder: what says "no address" is no
    value that could win against one, or be written anywhere."""
    found = email(text)
    return None if found is None or placeholder_email(found) else found

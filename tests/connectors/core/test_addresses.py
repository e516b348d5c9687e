"""Credentials travel to a shop's own server only where nobody can read them on the way."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from connectors.core.addresses import safe
from connectors.magento.connector import MagentoConfig
from connectors.medusa.connector import MedusaConfig
from connectors.vendure.connector import VendureConfig
from connectors.woocommerce.connector import WooCommerceConfig

SHOPS: dict[str, tuple[type[BaseModel], str, dict[str, Any]]] = {
    "magento": (MagentoConfig, "base_url", {"access_token": "a"}),
    "medusa": (MedusaConfig, "url", {"api_key": "a"}),
    "vendure": (VendureConfig, "url", {"api_key": "a"}),
    "woocommerce": (WooCommerceConfig, "url", {"consumer_key": "a", "consumer_secret": "b"}),
}


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("url", ["http://shop.example", "http://10.0.0.7:9000", "http://127.0.0.1.shop.example"])
def test_no_shop_is_sent_a_login_in_the_clear(shop: str, url: str) -> None:
    config, field, login = SHOPS[shop]
    with pytest.raises(ValidationError, match=f"(?s){field}.*must begin with https://"):
        config.model_validate({field: url, **login})


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize(
    "url",
    [
        *("", "shop.example", "ftp://shop.example", "https://", "https://shop.example/?a=b", "https://shop.example/#a"),
        *("https://u:p@shop.example", "https://@shop.example", "https://shop example", "https://[shop.example"),
    ],
)
def test_what_is_no_address_is_refused(shop: str, url: str) -> None:
    config, field, login = SHOPS[shop]
    with pytest.raises(ValidationError, match=field):
        config.model_validate({field: url, **login})


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/nl",
        "http://127.0.0.1:9000",
        "http://localhost:9000",
        "http://[::1]:9000",
        "http://127.8.0.1",
    ],
)
def test_https_is_taken_and_http_on_this_machine(shop: str, url: str) -> None:
    config, field, login = SHOPS[shop]
    assert getattr(config.model_validate({field: f" {url}/ ", **login}), field) == url


def test_a_password_in_a_refused_address_is_not_told() -> None:
    with pytest.raises(ValueError, match="address of the shop") as refused:
        safe("https://anna:hunter2@shop.example")
    assert "hunter2" not in str(refused.value)

"""What people do in a real Vendure, by the doors that people use: the shop's API and the back office's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from tests.servers.vendure import Vendure

Json = dict[str, Any]

LOGIN = """mutation ($user: String!, $password: String!) {
  login(username: $user, password: $password) { __typename ... on ErrorResult { message } } }"""
ORDER = "__typename ... on Order { id code state } ... on ErrorResult { errorCode message }"
ADDRESS = {"fullName": "Ada Castro", "streetLine1": "3 High Street", "city": "Leeds", "postalCode": "LS1 1AA"}


class Backdoor:
    """A shop with one lamp of ten pounds net, a fifth of tax and flat shipping; ``ask`` and ``buy`` are for tests."""

    def __init__(self, server: Vendure) -> None:
        self._server = server
        self._client = httpx.Client(base_url=server.url, trust_env=False, timeout=60.0)
        self._token = ""
        self.variant = ""

    def close(self) -> None:
        """Lets go of the connections."""
        self._client.close()

    def login(self) -> None:
        """Logs the superadministrator in."""
        self._token, told = "", {"user": self._server.user, "password": self._server.password}
        answer = self._post("admin-api", LOGIN, told, "")
        self._token = answer.headers["vendure-auth-token"]

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of one question to the back office's API."""
        return _data(self._post("admin-api", query, variables, self._token))

    def furnish(self) -> None:
        """What a shop needs before anything can be sold."""
        self.login()
        country = self._make("createCountry", "CreateCountryInput", code="GB", enabled=True, **_named("Britain"))
        zone = self._make("createZone", "CreateZoneInput", name="Europe", memberIds=[country])
        category = self._make("createTaxCategory", "CreateTaxCategoryInput", name="Standard")
        rate = {"name": "VAT", "value": 20, "enabled": True, "categoryId": category, "zoneId": zone}
        self._make("createTaxRate", "CreateTaxRateInput", **rate)
        channel = {"id": "1", "defaultTaxZoneId": zone, "defaultShippingZoneId": zone, "pricesIncludeTax": False}
        money = {"defaultCurrencyCode": "GBP", "availableCurrencyCodes": ["GBP"]}
        self.ask(
            "mutation ($input: UpdateChannelInput!) { updateChannel(input: $input) { __typename } }",
            input={**channel, **money},
        )
        product = self._make(
            "createProduct", "CreateProductInput", enabled=True, **_named("Lamp", slug="lamp", description="Lamp")
        )
        variant = {"productId": product, "sku": "LAMP-1", "price": 1000, "taxCategoryId": category}
        found = self.ask(
            "mutation ($input: [CreateProductVariantInput!]!) { createProductVariants(input: $input) { id } }",
            input=[{**variant, "stockOnHand": 1_000_000, "trackInventory": "FALSE", **_named("Lamp")}],
        )
        self.variant = found["createProductVariants"][0]["id"]
        flat = [
            {"name": "rate", "value": "500"},
            {"name": "includesTax", "value": "auto"},
            {"name": "taxRate", "value": "20"},
        ]
        shipping = {
            "fulfillmentHandler": "manual-fulfillment",
            "checker": {"code": "default-shipping-eligibility-checker", "arguments": [_argument("orderMinimum", "0")]},
            "calculator": {"code": "default-shipping-calculator", "arguments": flat},
        }
        self._make(
            "createShippingMethod",
            "CreateShippingMethodInput",
            code="post",
            **shipping,
            **_named("Post", description="Post"),
        )
        handler = {"code": "dummy-payment-handler", "arguments": [_argument("automaticSettle", "true")]}
        paid = {"code": "card", "enabled": True, "handler": handler}
        self._make("createPaymentMethod", "CreatePaymentMethodInput", **paid, **_named("Card", description="Card"))

    def buy(
        self, email: str, quantity: int = 1, *, company: str = "", name: str = "Ada Castro", pay: bool = True
    ) -> str:
        """A guest's order; its id. Without ``pay`` it stays a cart."""
        guest = Guest(self._client)
        guest.ask(
            f"mutation ($id: ID!, $n: Int!) {{ addItemToOrder(productVariantId: $id, quantity: $n) {{ {ORDER} }} }}",
            id=self.variant,
            n=quantity,
        )
        given, _, family = name.partition(" ")
        customer = {"firstName": given, "lastName": family, "emailAddress": email}
        guest.ask(
            f"mutation ($input: CreateCustomerInput!) {{ setCustomerForOrder(input: $input) {{ {ORDER} }} }}",
            input=customer,
        )
        address = {**ADDRESS, "fullName": name, "countryCode": "GB", "company": company or None}
        for what in ("Shipping", "Billing"):
            guest.ask(
                f"mutation ($input: CreateAddressInput!) {{ setOrder{what}Address(input: $input) {{ {ORDER} }} }}",
                input=address,
            )
        method = guest.ask("{ eligibleShippingMethods { id } }")["eligibleShippingMethods"][0]["id"]
        found = guest.ask(
            f"mutation ($id: [ID!]!) {{ setOrderShippingMethod(shippingMethodId: $id) {{ {ORDER} }} }}", id=[method]
        )
        if pay:
            guest.ask(f'mutation {{ transitionOrderToState(state: "ArrangingPayment") {{ {ORDER} }} }}')
            found = guest.ask(
                f'mutation {{ addPaymentToOrder(input: {{ method: "card", metadata: {{}} }}) {{ {ORDER} }} }}'
            )
        (order,) = found.values()
        return str(order["id"])

    def customer(self, email: str, first: str = "Ada", last: str = "Castro", **more: Any) -> str:
        """A customer with an account; the id."""
        told = {"firstName": first, "lastName": last, "emailAddress": email, **more}
        found = self.ask(
            'mutation ($input: CreateCustomerInput!) { createCustomer(input: $input, password: "pw-for-tests")'
            " { __typename ... on Customer { id } ... on ErrorResult { message } } }",
            input=told,
        )
        return str(found["createCustomer"]["id"])

    def refund(self, payment: str, amount: int, reason: str) -> None:
        """Money back through a payment, settled by hand."""
        given = {"paymentId": payment, "amount": amount, "reason": reason, "lines": [], "shipping": 0, "adjustment": 0}
        made = self.ask(
            "mutation ($input: RefundOrderInput!) { refundOrder(input: $input)"
            " { __typename ... on Refund { id } ... on ErrorResult { errorCode message } } }",
            input=given,
        )
        self.ask(
            "mutation ($input: SettleRefundInput!) { settleRefund(input: $input)"
            " { __typename ... on Refund { id } ... on ErrorResult { errorCode message } } }",
            input={"id": made["refundOrder"]["id"], "transactionId": "by hand"},
        )

    def cancel(self, order: str) -> None:
        """Cancels all lines of an order."""
        given = {"orderId": order, "reason": "no longer wanted"}
        self.ask(f"mutation ($input: CancelOrderInput!) {{ cancelOrder(input: $input) {{ {ORDER} }} }}", input=given)

    def fulfil(self, order: str) -> None:
        """Makes a parcel of all lines of an order."""
        lines = self.ask("query ($id: ID!) { order(id: $id) { lines { id quantity } } }", id=order)["order"]["lines"]
        told = [_argument("method", "Post"), _argument("trackingCode", "1")]
        many = [{"orderLineId": line["id"], "quantity": line["quantity"]} for line in lines]
        self.ask(
            "mutation ($input: FulfillOrderInput!) { addFulfillmentToOrder(input: $input)"
            " { __typename ... on ErrorResult { errorCode message } } }",
            input={"lines": many, "handler": {"code": "manual-fulfillment", "arguments": told}},
        )

    def administrator(self, *permissions: str) -> tuple[str, str]:
        """Somebody who may no more than that; the login name and the password."""
        user, password = f"{'-'.join(permissions).lower()}@shop.example", "administrator-pw-1618"
        role = {"code": user, "description": user, "permissions": [*permissions], "channelIds": ["1"]}
        made = self._make("createRole", "CreateRoleInput", **role)
        person = {"firstName": "Bea", "lastName": "Ito", "emailAddress": user, "password": password}
        self._make("createAdministrator", "CreateAdministratorInput", **person, roleIds=[made])
        return user, password

    def api_key(self) -> str:
        """A key of the superadministrator's."""
        roles = self.ask("{ activeAdministrator { user { roles { id } } } }")["activeAdministrator"]["user"]["roles"]
        given = {"roleIds": [each["id"] for each in roles], "translations": [{"languageCode": "en", "name": "Concord"}]}
        found = self.ask(
            "mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey } }", input=given
        )
        return str(found["createApiKey"]["apiKey"])

    def answer(self, query: str, variables: Mapping[str, Any]) -> httpx.Response:
        """What the back office's API answers, whatever it is."""
        return self._post("admin-api", query, variables, self._token)

    def _make(self, mutation: str, kind: str, **given: Any) -> str:
        found = self.ask(
            f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ __typename ... on Node {{ id }} }} }}",
            input=given,
        )
        return str(found[mutation]["id"])

    def _post(self, api: str, query: str, variables: Mapping[str, Any], token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client.cookies.clear()
        return self._client.post(api, json={"query": query, "variables": dict(variables)}, headers=headers)


class Guest:
    """Somebody without an account in the shop."""

    def __init__(self, client: httpx.Client) -> None:
        self._client, self._token = client, ""

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of one question to the shop's API, in the same session as the one before."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        self._client.cookies.clear()
        answer = self._client.post("shop-api", json={"query": query, "variables": variables}, headers=headers)
        self._token = answer.headers.get("vendure-auth-token", self._token)
        return _data(answer)


def _data(answer: httpx.Response) -> Any:
    told = answer.json()
    assert not told.get("errors"), told["errors"]
    for found in told["data"].values():
        assert not (isinstance(found, dict) and "errorCode" in found), found
    return told["data"]


def _named(name: str, **more: str) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """Most things have their names by language."""
    return {"translations": [{"languageCode": "en", "name": name, **more}]}


def _argument(name: str, value: str) -> Mapping[str, str]:
    return {"name": name, "value": value}

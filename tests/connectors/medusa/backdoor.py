"""What people do in a real Medusa, by its back office's API."""

from __future__ import annotations

from typing import Any

import httpx

from tests.servers.medusa import Medusa

ADDRESS = {
    "first_name": "Ada",
    "last_name": "Castro",
    "address_1": "3 High Street",
    "city": "Leeds",
    "country_code": "gb",
}


class Backdoor:
    """A shop that sells in Britain for pounds."""

    def __init__(self, server: Medusa) -> None:
        self._client = httpx.Client(base_url=server.url, trust_env=False, timeout=120.0)
        login = {"email": server.user, "password": server.password}
        self._client.headers["Authorization"] = f"Bearer {self.ask('POST', '/auth/user/emailpass', login)['token']}"
        region = {"name": "Britain", "currency_code": "gbp", "countries": ["gb"]}
        asked = {**region, "payment_providers": ["pp_system_default"]}
        self.region = self.ask("POST", "/admin/regions", asked)["region"]["id"]
        self.channel = self.ask("GET", "/admin/stores")["stores"][0]["default_sales_channel_id"]

    def close(self) -> None:
        """Lets go of the connections."""
        self._client.close()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to one question."""
        answer = self._client.request(method, path, json=body)
        assert answer.is_success, f"{method} {path} answered {answer.status_code}: {answer.text[:300]}"
        return answer.json()

    def answer(self, path: str, params: dict[str, Any]) -> httpx.Response:
        """What a list answers, whatever it is."""
        return self._client.get(path, params=params)

    def draft(self, email: str, price: float, number: int = 1, company: str | None = None) -> str:
        """A draft of an order with one line; the id."""
        line = {"title": "Lamp", "quantity": number, "unit_price": price}
        address = {**ADDRESS, "company": company}
        asked = {"email": email, "region_id": self.region, "sales_channel_id": self.channel, "items": [line]}
        more = {"shipping_methods": [], "shipping_address": address, "billing_address": address}
        return str(self.ask("POST", "/admin/draft-orders", {**asked, **more})["draft_order"]["id"])

    def place(self, draft: str) -> str:
        """Makes an order of a draft; the id stays."""
        return str(self.ask("POST", f"/admin/draft-orders/{draft}/convert-to-order")["order"]["id"])

    def pay(self, order: str, amount: float) -> str:
        """Marks an order as paid; the id of the payment."""
        asked = {"order_id": order, "amount": amount}
        made = self.ask("POST", "/admin/payment-collections", asked)["payment_collection"]["id"]
        self.ask("POST", f"/admin/payment-collections/{made}/mark-as-paid", {"order_id": order})
        fields = "fields=payment_collections.payments.id"
        found = self.ask("GET", f"/admin/orders/{order}?{fields}")["order"]["payment_collections"]
        return str(found[0]["payments"][0]["id"])

    def refund(self, payment: str, amount: float, note: str) -> None:
        """Money back through a payment."""
        self.ask("POST", f"/admin/payments/{payment}/refund", {"amount": amount, "note": note})

    def cancel(self, order: str) -> None:
        """Cancels an order, which gives back what is left."""
        self.ask("POST", f"/admin/orders/{order}/cancel")

    def api_key(self) -> str:
        """A secret key."""
        return str(self.ask("POST", "/admin/api-keys", {"title": "Concord", "type": "secret"})["api_key"]["token"])

"""Stripe held to the reader's kit: customers, charges, invoices and subscriptions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.stripe.till import ChargesRig, CustomersRig, InvoicesRig, SubscriptionsRig


class TestCustomers(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[CustomersRig]:
        with CustomersRig() as rig:
            yield rig


class TestCharges(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[ChargesRig]:
        with ChargesRig() as rig:
            yield rig


class TestInvoices(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[InvoicesRig]:
        with InvoicesRig() as rig:
            yield rig


class TestSubscriptions(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[SubscriptionsRig]:
        with SubscriptionsRig() as rig:
            yield rig

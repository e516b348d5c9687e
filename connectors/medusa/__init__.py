"""Medusa, the shop: customers, orders and draft orders."""

"""Vendure, the shop: customers and orders."""

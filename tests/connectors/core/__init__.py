"""Tests of what every connector is built on."""

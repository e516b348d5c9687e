"""A fresh folder for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.files.support import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty folder of exports."""
    (tmp_path / "exports").mkdir()
    return Folder(tmp_path / "exports")

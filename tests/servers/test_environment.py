"""Real servers are installed once, exactly as pinned, and a failure says what failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin.demo.servers.environment import environment
from mapping.errors import ConcordError

NO_SUCH = f"concord-has-no-such-thing==1.0 --hash=sha256:{'0' * 64}\n"


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONCORD_SERVERS", str(tmp_path / "servers"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "some.lock"


def test_what_cannot_be_installed_is_named_and_the_next_attempt_begins_anew(lock: Path) -> None:
    lock.write_text(NO_SUCH)
    for _ in range(2):
        said: list[str] = []
        with pytest.raises(ConcordError, match=r"some-server could not be installed: .*concord-has-no-such-thing"):
            environment("some-server", lock, said.append)
        assert len(said) == 1


def test_an_environment_is_made_once_and_says_so_once(lock: Path) -> None:
    lock.write_text("# nothing but Python itself\n")
    said: list[str] = []
    first = environment("bare", lock, said.append)
    assert (first / "python").exists()
    assert environment("bare", lock, said.append) == first
    assert len(said) == 1


def test_other_pins_are_another_environment(lock: Path) -> None:
    lock.write_text("# one\n")
    first = environment("bare", lock, lambda _: None)
    lock.write_text("# two\n")
    assert environment("bare", lock, lambda _: None) != first

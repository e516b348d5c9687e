"""An edit changes what it is about and nothing else, and the file is replaced whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.checks import MASK
from config.document import parse
from config.editor import Editor
from config.references import Origin, Reference
from mapping.errors import ConfigError
from tests.config.vendors import CATALOGUE

TEXT = """\
# Acme's customers

hub:
    name:     "Acme"        # as on the letterhead
    default_country: GB

connections:

    # the shop
    shop:
        connector: shopify
        config: { shop: a.example,  access_token: !secret shop_token }   # rotate in May
        streams:
            customers: {}
            orders:
                since: 2024-01-01   # the year of the move
    # the CRM
    crm: {connector: hubspot, config: {access_token: !env T},
          trust: 60}

golden:
    phone: {prefer: [crm, shop]}
    email:
      prefer:
      - shop
    # last words
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "concord.yaml"
    file.write_text(TEXT)
    file.chmod(0o640)
    return file


def lines(text: str) -> tuple[list[str], list[str]]:
    """The lines that went, and those that came."""
    before, after = TEXT.splitlines(), text.splitlines()
    return [line for line in before if line not in after], [line for line in after if line not in before]


def test_an_edit_that_would_break_the_file_is_refused_and_changes_nothing(path: Path) -> None:
    edit = Editor(path, CATALOGUE)
    edit.set("connections.shop.schedule", "whenever")
    with pytest.raises(ConfigError, match=r"connections\.shop\.schedule: is no schedule"):
        edit.save()
    assert path.read_text() == TEXT
    assert os.listdir(path.parent) == ["concord.yaml"]


def test_a_file_that_changed_underneath_is_left_alone(path: Path) -> None:
    edit = Editor(path, CATALOGUE)
    edit.set("connections.crm.trust", 70)
    path.write_text(TEXT.replace("Acme", "Other"))
    with pytest.raises(ConfigError, match="changed by somebody else"):
        edit.save()
    assert "Other" in path.read_text()
    with pytest.raises(ConfigError, match="changed by somebody else"):
        Editor(path, CATALOGUE, revision=edit.revision)


def test_of_two_editors_the_second_is_refused(path: Path) -> None:
    first, second = Editor(path, CATALOGUE), Editor(path, CATALOGUE)
    first.set("hub.currency", "EUR")
    second.set("hub.currency", "GBP")
    first.save()
    with pytest.raises(ConfigError, match="changed by somebody else"):
        second.save()
    first.set("hub.currency", "USD")
    first.save()
    assert "currency: USD" in path.read_text()


def test_a_write_that_fails_leaves_the_old_file_and_no_other(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    edit = Editor(path, CATALOGUE)
    edit.set("connections.crm.trust", 70)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ConfigError, match=r"cannot be written \(No space left on device\)"):
        edit.save()
    assert path.read_text() == TEXT
    assert os.listdir(path.parent) == ["concord.yaml"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("hub.name.first", "A"), ("golden.email.prefer[4]", "crm"), ("golden.email.prefer.first", "crm"), ("a..b", 1)],
)
def test_a_place_where_no_value_can_stand_is_refused(path: Path, key: str, value: object) -> None:
    edit = Editor(path, CATALOGUE)
    with pytest.raises(ConfigError):
        edit.set(key, value)
    assert edit.text == TEXT


def test_what_is_not_there_cannot_be_removed_or_renamed(path: Path) -> None:
    edit = Editor(path, CATALOGUE)
    with pytest.raises(ConfigError, match=r"hub\.currency"):
        edit.remove("hub.currency")
    with pytest.raises(ConfigError, match="did you mean 'shop'"):
        edit.rename_connection("shp", "store")
    with pytest.raises(ConfigError, match="there is a connection of this name"):
        edit.rename_connection("shop", "crm")
    with pytest.raises(ConfigError, match="is no name for a connection"):
        edit.rename_connection("shop", "my shop: new")
    assert edit.text == TEXT


def test_a_mask_never_takes_the_place_of_a_secret(path: Path) -> None:
    path.write_text(TEXT.replace("!secret shop_token", "hunter2"))
    edit = Editor(path, CATALOGUE)
    shown = edit.save().public()["connections"]["shop"]["config"]
    with pytest.raises(ConfigError, match="stands for a secret that is not shown"):
        edit.set("connections.shop.config", shown)
    assert "hunter2" in edit.text


def test_an_edit_through_an_alias_would_change_two_places_and_is_refused(path: Path) -> None:
    path.write_text(TEXT.replace("[crm, shop]}", "&order [crm, shop]}\n    name: {prefer: *order}"))
    edit = Editor(path, CATALOGUE)
    with pytest.raises(ConfigError, match="edit the file by hand"):
        edit.set("golden.name.prefer[0]", "shop")
    edit.set("golden.name.prefer", ["shop"])
    assert "name: {prefer: [shop]}" in edit.text


def test_a_changed_value_changes_its_line_only(path: Path) -> None:
    edit = Editor(path, CATALOGUE)
    edit.set("connections.shop.streams.orders.since", "2025-01-01")
    edit.set("connections.crm.trust", 70)
    edit.set("hub.name", "Acme: Ltd")
    edit.save()
    assert lines(path.read_text()) == (
        [
            '    name:     "Acme"        # as on the letterhead',
            "                since: 2024-01-01   # the year of the move",
            "          trust: 60}",
        ],
        [
            "    name: 'Acme: Ltd'        # as on the letterhead",
            "                since: '2025-01-01'   # the year of the move",
            "          trust: 70}",
        ],
    )


def test_a_new_key_stands_with_its_neighbours(path: Path) -> None:
    edit = Editor(path, CATALOGUE)
    edit.set("hub.currency", "EUR")
    edit.set("connections.shop.push.contacts", {"mode": "update_only", "fields": {"a": {"from": "email"}}})
    edit.set("connections.shop.config.page_size", 50)
    edit.set("connections.shop.streams.customers.enabled", False)
    edit.set("connections.files", {"connector": "hubspot", "config": {"access_token": Reference(Origin.VAULT, "t")}})
    edit.set("privacy.internal", ["acme.com"])
    settings = edit.save()
    text = path.read_text()
    assert settings.connections["shop"].push["contacts"].fields["a"] is not None
    assert "    default_country: GB\n    currency: EUR\n\nconnections:" in text
    assert "access_token: !secret shop_token, page_size: 50 }   # rotate in May" in text
    assert "# the year of the move\n        push:\n          contacts:\n            mode: update_only\n" in text
    assert "          trust: 60}\n    files:\n      connector: hubspot\n" in text
    assert "        access_token: !secret t\n\ngolden:" in text
    assert "      - shop\nprivacy:\n  internal: [acme.com]\n    # last words\n" in text
    assert all(line in text for line in TEXT.splitlines() if "#" in line and "rotate" not in line)


def test_what_is_shown_can_be_handed_back(path: Path) -> None:
    edit = Editor(path, CATALOGUE)
    shown = edit.save().public()["connections"]["shop"]
    edit.set("connections.shop", {**shown, "trust": 80})
    found = edit.save()
    assert "access_token: !secret shop_token\n" in edit.text
    assert found.public()["connections"]["shop"] == {**shown, "trust": 80}


def test_a_removed_key_takes_its_value_and_nothing_else(path: Path) -> None:
    edit = Editor(path, CATALOGUE)
    edit.remove("connections.shop.streams.orders")
    edit.remove("hub.default_country")
    edit.remove("connections.crm.trust")
    edit.remove("golden.phone.prefer")
    edit.remove("golden.email")
    edit.save()
    gone, came = lines(path.read_text())
    assert came == ["    crm: {connector: hubspot, config: {access_token: !env T}}", "    phone: {}"]
    assert len(gone) == 9
    edit.remove("connections.shop.streams.customers")
    assert "        streams: {}\n" in edit.text


def test_a_renamed_connection_is_renamed_wherever_it_is_preferred(path: Path) -> None:
    edit = Editor(path, CATALOGUE)
    edit.rename_connection("shop", "store")
    settings = edit.save()
    assert list(settings.connections) == ["store", "crm"]
    assert settings.golden.rule("phone").prefer == ("crm", "store")
    assert lines(path.read_text()) == (
        ["    shop:", "    phone: {prefer: [crm, shop]}", "      - shop"],
        ["    store:", "    phone: {prefer: [crm, store]}", "      - store"],
    )


def test_mode_links_line_ends_and_byte_order_mark_stay(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    link = path.parent / "link.yaml"
    link.symlink_to(path)
    edit = Editor(link, CATALOGUE)
    edit.set("hub.currency", "EUR")
    edit.save()
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf# Acme")
    assert b"GB\r\n    currency: EUR\r\n" in raw
    assert b"\r\r" not in raw


def no_mask(text: str) -> bool:
    """Whether it is a value that an editor takes: three stars stand for a secret that is not shown."""
    return MASK not in text


NAMES = st.sampled_from(["a", "b", "c d", "x.y", "on", "1"])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text("ab:#'\"-{}[]!&*,\n 0.", max_size=8).filter(no_mask)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), st.lists(NAMES, min_size=1, max_size=3), VALUES)
def test_whatever_is_set_is_what_the_file_says_afterwards(
    tmp_path_factory: pytest.TempPathFactory, start: dict[str, Any], path: list[str], value: Any
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text("top: {}\n")
    edit = Editor(file, {})
    edit.set(("top",), start)
    assert parse(edit.text, "").data == {"top": start}
    try:
        edit.set(("top", *path), value)
    except ConfigError:
        return
    said = parse(edit.text, "").data["top"]
    for step in path:
        said = said[step]
    assert said == value

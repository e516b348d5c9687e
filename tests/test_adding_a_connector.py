"""docs/adding-a-connector.md holds a whole connector: its blocks are written out, checked and run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from connectors.core.skeleton import skeleton
from tests.checkout import ROOT

PAGE = ROOT / "docs" / "adding-a-connector.md"
WHOLE_WAY = """
import sys
from pathlib import Path
from connectors.core.registry import stand_in, stand_ins
from sync.hub import Hub

assert "sundial" in stand_ins()
with stand_in("sundial", 0) as server:
    for number in range(3):
        server.put({"email": f"ada.{number}@example.com", "first_name": "Ada", "last_name": f"Castro {number}"})
    server.delete("3")
    path = Path("concord.yaml")
    path.write_text(f'''
hub: {{name: Acme, default_country: GB}}
connections:
  desk: {{connector: memory, config: {{world: page, people: 4}}}}
  crm:
    connector: sundial
    config: {{base_url: "{server.url}", token: "{server.token}"}}
    push: {{contacts: {{approve: false, match_on: email}}}}
''')
    with Hub.open(path) as hub:
        for _ in range(2):
            report = hub.sync()
            assert report.ok, report
    live = [one for one in server.contacts.values() if not one["deleted"]]
    assert len(live) == 6, live
    assert all(one["fields"]["concord_id"] for one in live)
    assert max(one["revision"] for one in live) <= 2, "a second run writes nothing"
"""


def blocks() -> Iterator[tuple[str, str]]:
    """Path and text of each file on the page, from the title of its block."""
    for token in MarkdownIt("commonmark").parse(PAGE.read_text(encoding="utf-8")):
        if token.type == "fence" and 'title="' in token.info:
            yield token.info.split('title="')[1].rstrip('"'), token.content


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution as the page has it."""
    folder = tmp_path_factory.mktemp("page") / "concord-sundial"
    for name, text in blocks():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def run(where: Path, *words: str, path: Path | None = None) -> str:
    """What a module of this Python says, run with the checkout in reach; fails with it where it fails."""
    reach = os.pathsep.join(str(each) for each in (path, ROOT) if each)
    surroundings = {**os.environ, "PYTHONPATH": reach, "MYPYPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, *words], cwd=where, env=surroundings, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_shows_the_files_that_the_command_writes() -> None:
    assert dict(blocks()) == dict(skeleton("sundial").files)


def test_the_files_of_the_page_are_clean(folder: Path) -> None:
    run(folder, "-m", "ruff", "check", "--no-cache", ".")
    run(folder, "-m", "ruff", "format", "--no-cache", "--check", ".")


def test_the_files_of_the_page_have_the_right_types(folder: Path) -> None:
    checked = ("concord_sundial", "rig.py", "test_sundial.py")
    run(folder, "-m", "mypy", "--follow-imports=silent", "--cache-dir", os.devnull, *checked)


def test_the_connector_of_the_page_keeps_every_promise_of_the_kits(folder: Path) -> None:
    said = run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    passed = int(said.splitlines()[-1].split(" passed")[0])
    assert passed > 50, said
    assert said.splitlines()[-1].startswith(f"{passed} passed in "), "nothing is skipped"


def test_the_distribution_of_the_page_is_found_once_it_is_installed_and_works_both_ways(
    folder: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    install = ("-m", "pip", "--isolated", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    run(folder, *install, "--target", str(site), ".")
    run(tmp_path, "-c", WHOLE_WAY, path=site)

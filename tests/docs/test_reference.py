"""The documentation says what the code says: generated pages are current, links lead somewhere, tables are complete."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cornerman.tui import exits

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]


def test_generated_pages_are_current() -> None:
    """Every command, setting and log word has its line; `just docs` writes them."""
    check = [sys.executable, "-P", str(CHECKOUT / "docs" / "generate.py"), "--check"]
    answer = subprocess.run(check, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(CHECKOUT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links only need the checkout to be checked."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_readme_lists_every_exit_code() -> None:
    """Scripts rely on them."""
    section = (CHECKOUT / "README.md").read_text(encoding="utf-8").split("## Exit codes", 1)[1].split("\n## ", 1)[0]
    listed = {
        int(code) for row in re.findall(r"^\| ([\d, ]+) \|", section, flags=re.MULTILINE) for code in row.split(",")
    }
    assert listed == set(exits.MEANING)


def test_the_recipes_in_the_guide_exist() -> None:
    """Whoever follows the guide finds the recipe."""
    recipes = re.findall(r"^(\w[\w-]*)(?: \*args)?:", (CHECKOUT / "justfile").read_text(encoding="utf-8"), re.MULTILINE)
    guide = (CHECKOUT / "docs" / "contributing.md").read_text(encoding="utf-8")
    assert set(re.findall(r"just ([a-z][a-z-]+)", guide)) <= set(recipes)

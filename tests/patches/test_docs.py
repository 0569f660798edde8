"""The pages for each program say what is so."""

import re
from pathlib import Path

import pytest

from bridge.hosts import generate, ports

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "hosts").glob("*.md"))
KNOWN = {str(value) for name, value in vars(ports).items() if name.isupper() and isinstance(value, int)}
KNOWN |= set(re.findall(r"\d{4}", ports.PAGE))


def test_each_host_has_its_page_linked_from_the_readme() -> None:
    hosts = {path.name for path in (ROOT / "patches").iterdir() if path.is_dir()}
    assert {page.stem for page in PAGES} == hosts
    readme = (ROOT / "README.md").read_text("utf-8")
    assert all(f"(docs/hosts/{host}.md)" in readme for host in hosts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_files_and_ports_are_there(page: Path) -> None:
    text = page.read_text("utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (page.parent / link).exists(), link
    files = {Path(name).name for name in generate.files(generate.Table())}
    for name in re.findall(r"`([\w -]+\.(?:pd|maxpat|amxd|scd|sc|py))`", text):
        assert name in files, name
    assert set(re.findall(r"\b77\d\d\b", text)) <= KNOWN
    assert "ot tried" in text

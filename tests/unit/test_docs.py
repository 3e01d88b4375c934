"""The pages for people: every relative link leads somewhere, and every chore that they name exists."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|\b(?:src|srcset)=\"([^\"\s]+)\"")
ELSEWHERE = ("http://", "https://", "mailto:")


def pages() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in told.split() if (ROOT / name).exists()]


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors that a forge makes of the headings: `## The life of a call` is `#the-life-of-a-call`."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    for link in map("".join, LINK.findall(without_code(page.read_text(encoding="utf-8")))):
        if link.startswith(ELSEWHERE):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"{page.name}: {link} leads nowhere"
        elif anchor and anchor not in anchors(target):
            yield f"{page.name}: {link}: {target.name} has no such heading"


def test_every_relative_link_leads_somewhere() -> None:
    assert [complaint for page in pages() for complaint in broken_links(page)] == []


def test_a_broken_link_is_complained_of(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A page, and its heading\n[whole](page.md) [here](#a-page-and-its-heading) [away](https://example.org/x)\n"
        "[gone](gone.md) [lost](page.md#no-heading)\n```\n[in code](gone.md)\n```\n"
        '<source srcset="dark.png"><img src="page.md" alt="">\n'
    )
    assert list(broken_links(page)) == [
        "page.md: gone.md leads nowhere",
        "page.md: page.md#no-heading: page.md has no such heading",
        "page.md: dark.png leads nowhere",
    ]


def test_every_picture_is_shown_and_small() -> None:
    shown = "".join(page.read_text(encoding="utf-8") for page in pages())
    for picture in sorted((ROOT / "docs" / "pictures").iterdir()):
        assert f"pictures/{picture.name}" in shown, picture.name
        assert picture.stat().st_size <= 120_000, f"{picture.name}: it stays in the history for ever"


def test_every_chore_that_a_page_names_is_in_the_makefile() -> None:
    chores = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in pages():
        named = set(re.findall(r"`make ([a-z]+)", page.read_text(encoding="utf-8")))
        assert named <= chores, page.name


def unmapped(root: Path, page: str) -> list[str]:
    """Packages, modules and crates that the code map in ARCHITECTURE.md does not name."""
    parts = [path for path in (root / "pbx").iterdir() if path.name[0] not in "_."]
    names = {f"{path.name}/" if path.is_dir() else path.name for path in parts if path.suffix in ("", ".py")}
    names |= {f"native/{path.name}" for path in (root / "native").iterdir()}
    return sorted(name for name in names if f"`{name}`" not in page)


def test_the_code_map_names_every_part_of_the_tree(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert unmapped(ROOT, page) == []
    for name in ("pbx/sip", "pbx/games", "native/mediacore-video"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "pbx" / "luck.py").touch()
    assert unmapped(tmp_path, page) == ["games/", "luck.py", "native/mediacore-video"]


def test_the_readme_says_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make run" in readme
    assert "make test" in readme

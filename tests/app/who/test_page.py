"""The page in a real browser, Debian's chromium."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.who.matrix import Access, Group, Matrix, PublicKey, Reader
from sealedfiles.app.who.page import render
from sealedfiles.app.who.review import FormerReader, Origin, Review
from sealedfiles.app.who.values import NEW, OPEN, PLAIN, SEALED, FileValues, ListedValue
from sealedfiles.model.paths import key_step
from sealedfiles.model.policy import parse_policy

HOSTILE = '</th><script>document.title="owned"</script><img src=x onerror=alert(1)>"&amp;\''

MATRIX = Matrix(
    [
        Group("default", "a" * 16, "2026-01-02T03:04:05Z", ["alice", "bob"]),
        Group("production", "b" * 16, "2026-01-02T03:04:05Z", ["alice", "ci"]),
    ],
    [
        Reader(
            "alice",
            [PublicKey("age, post-quantum hybrid", True, "f" * 20)],
            {
                "default": Access("2026-01-02T03:04:05Z", "granted"),
                "production": Access("2026-01-02T03:04:05Z", "granted"),
            },
            "",
        ),
        Reader(
            "bob",
            [PublicKey("ssh-ed25519", False, "g" * 20)],
            {"default": Access("2026-02-02T03:04:05Z", "granted")},
            "",
        ),
        Reader("carol", [], {}, "the public key is missing"),
        Reader(
            "ci",
            [PublicKey("plugin yubikey", None, "h" * 20)],
            {"production": Access("2026-02-02T03:04:05Z", "changed-key")},
            "",
        ),
    ],
)

FILES = [
    FileValues(
        b"config/app.yaml",
        [
            ListedValue(b"a", "service.name", (), PLAIN),
            ListedValue(b"b", "database.password", ("default",), SEALED),
            ListedValue(b"c", "production.pin", ("production",), SEALED),
            ListedValue(b"d", "new.one", ("default",), NEW),
            ListedValue(b"e", "lies.open", ("default",), OPEN),
        ],
    ),
    FileValues(HOSTILE.encode(), [ListedValue(b"x", HOSTILE, ("production",), SEALED)]),
]


REVIEW = Review(
    granted={("alice", "default"): Origin("2025-12-01T00:00:00Z", HOSTILE, "c" * 40)},
    former=[
        FormerReader(
            "dave",
            "production",
            Origin("2025-11-01T00:00:00Z", "alice", "d" * 40),
            Origin("2025-12-24T00:00:00Z", HOSTILE, "e" * 40),
        ),
        FormerReader("erin", "gone", None, Origin("2025-12-24T00:00:00Z", "bob", "f" * 40)),
    ],
    rules=parse_policy(
        b"version: 1\nrules:\n"
        b'  - {files: [a/*, "<script>"], values: production.**, group: production, max_age: 90d}\n'
        b"  - {files: k8s/*, plain: true}\n"
    ).rules,
    findings=[
        Finding("plain-value", HOSTILE.encode(), "in plaintext", 7, key_step("password")),
        Finding("old-key", b"config/app.json", "under an old key"),
    ],
    is_shallow=True,
)


@pytest.fixture(scope="module")
def browser() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    reason = "chromium is missing: apt-get install chromium"
    if os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") == "1":
        pytest.fail(f"{reason} (and SEALEDFILES_REQUIRE_REAL_PARTS is 1)")
    return pytest.skip(reason)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_bytes(render(MATRIX, FILES, "made by a test"))
    return path


def run(browser: str, page: Path, *options: str, words: str = "") -> str:
    """Open the page with *words* in the filter; return the browser's output."""
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--user-data-dir={page.parent / 'profile'}", "--window-size=900,700", *options]
    url = page.as_uri() + (f"#{quote(words)}" if words else "")
    done = subprocess.run([*command, url], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode()


class _Rows(HTMLParser):
    """Collects the text of every row that is not hidden, by itself or by what it is in, and all tags."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[str] = []
        self.tags: list[str] = []
        self._hidden: list[bool] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("section", "tbody", "tr"):
            self._open.append(tag)
            self._hidden.append("hidden" in dict(attributes))
        if tag == "tr" and "tbody" in self._open and not any(self._hidden):
            self.rows.append("")

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag == self._open[-1]:
            self._open.pop()
            self._hidden.pop()

    def handle_data(self, text: str) -> None:
        if self._open[-1:] == ["tr"] and "tbody" in self._open and not any(self._hidden):
            self.rows[-1] += f"{text} "


def look(text: str) -> _Rows:
    rows = _Rows()
    rows.feed(text)
    return rows


def first_pixel(png: bytes) -> bytes:
    """Return the color of the top left pixel, which no PNG filter changes."""
    data = b"".join(re.findall(rb"IDAT(.*?).{4}.{4}(?=IDAT|IEND)", png, re.DOTALL))
    return zlib.decompressobj().decompress(data, 4)[1:4]


@pytest.mark.slow
def test_the_page_shows_all_rows_and_names_in_it_run_nothing(browser: str, page: Path) -> None:
    dom = run(browser, page, "--dump-dom")
    found = look(dom)
    assert len(found.rows) == 4 + 4 + 2 + 2 + 6
    assert any("production.pin" in row and "alice, ci" in row for row in found.rows)
    assert found.tags.count("script") == 1
    assert "img" not in found.tags
    assert "<title>Access to sealed values</title>" in dom
    # What is shown is the name as it is.
    assert HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in dom


@pytest.mark.slow
@pytest.mark.many_variants
@pytest.mark.parametrize(
    ("words", "there", "gone"),
    [
        ("CI", ["production.pin", "plugin yubikey"], ["database.password", "ssh-ed25519"]),
        ("database bob", ["database.password"], ["production.pin", "ssh-ed25519"]),
    ],
)
def test_the_filter_leaves_the_rows_that_have_all_words(
    browser: str, page: Path, words: str, there: list[str], gone: list[str]
) -> None:
    dom = run(browser, page, "--dump-dom", words=words)
    text = "\n".join(look(dom).rows)
    assert all(word in text for word in there)
    assert not any(word in text for word in gone)
    assert re.search(r"<output[^>]*>only [a-z ]+: \d+ of 16 rows</output>", dom)


@pytest.mark.slow
def test_an_injected_script_would_not_run(browser: str, page: Path) -> None:
    text = page.read_text()
    page.write_text(text.replace("<main>", "<main><script>document.title = 'owned'</script>"))
    assert "<title>Access to sealed values</title>" in run(browser, page, "--dump-dom")


@pytest.mark.slow
def test_the_page_is_light_or_dark_as_the_reader_has_it(browser: str, page: Path) -> None:
    colours = []
    for scheme in ("1", "0"):
        picture = page.with_name("picture.png")
        options = (f"--screenshot={picture}", f"--blink-settings=preferredColorScheme={scheme}")
        run(browser, page, *options)
        colours.append(first_pixel(picture.read_bytes()))
    light, dark = colours
    assert min(light) > 240
    assert max(dark) < 50


def test_the_page_needs_nothing_from_elsewhere() -> None:
    text = render(MATRIX, FILES[:1], "made by a test").decode()
    assert not re.search(r"\b(src|href|srcset|action)=|url\(|@import|https?:", text)


def test_no_control_character_gets_into_the_page() -> None:
    text = render(MATRIX, FILES, "made\x1b]0;x\x07 by\u202e a\udc9b test").decode()
    assert r"made\x1b]0;x\x07 by\u202e a\x9b test" in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_every_head_of_a_row_or_column_says_so() -> None:
    text = render(MATRIX, FILES, "made by a test").decode()
    heads = re.findall(r"<th\b[^>]*>", text)
    assert heads
    assert all('scope="' in head for head in heads)


def test_the_history_the_rules_and_findings_are_on_the_page_and_names_in_it_are_escaped() -> None:
    text = render(MATRIX, FILES, "made by a test", REVIEW).decode()
    assert "<script>document" not in text
    assert text.count("<script>") == 1
    rows = look(text).rows
    assert len(rows) == len(look(render(MATRIX, FILES, "made by a test").decode()).rows) + 6
    shown = "\n".join(re.sub(r"\s+", " ", row) for row in rows)
    assert "dave production 2025-11-01 by alice dddddddddddd 2025-12-24 by" in shown
    assert "erin gone unknown 2025-12-24 by bob ffffffffffff" in shown
    assert "a/*, <script> production.** production max_age: 90d" in shown
    assert "k8s/* all left in plaintext" in shown
    assert "password: in plaintext plain-value" in shown
    assert "config/app.json under an old key old-key" in shown
    assert "1 error, 1 warning" in text
    assert "Earlier history is missing" in text
    assert text.index('id="findings"') < text.index('id="readers"') < text.index('id="former"')


def test_a_check_that_was_not_possible_is_no_clean_result() -> None:
    review = REVIEW._replace(findings=[], trouble="objects are missing")
    assert "objects are missing" in render(MATRIX, FILES, "made by a test", review).decode()


def test_rows_to_review_come_first() -> None:
    text = render(MATRIX, FILES, "made by a test").decode()
    at = text.index("the public key changed after access to production was granted")
    assert at < text.index('<h2 id="readers"')

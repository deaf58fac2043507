"""The man pages in docs/man: current, complete, and valid."""

from __future__ import annotations

import re
import shutil
import subprocess

import click
import pytest
from age.programs import missing
from tools.man_pages import FOLDER, escaped_line, pages

from sealedfiles.cli.app import app
from sealedfiles.cli.commands import COMMANDS

RENDERERS = [["mandoc", "-T", "lint", "-W", "warning"], ["groff", "-man", "-ww", "-z", "-Tutf8"]]


def _require(program: str) -> None:
    if not shutil.which(program):
        missing(f"{program} (apt-get install mandoc groff-base)")


def test_the_pages_are_those_of_the_commands() -> None:
    current = pages()
    committed = {one.name: one.read_text(encoding="ascii") for one in FOLDER.glob("*")}
    stale = [name for name in {**current, **committed} if current.get(name) != committed.get(name)]
    assert stale == [], "to update the man pages, run: make man"


def test_every_command_has_a_page_with_its_options_and_the_index_names_it() -> None:
    current = {name: text.replace("\\-", "-") for name, text in pages().items()}
    context = click.Context(app, info_name="sealedfiles")
    for name in (name for names in COMMANDS.values() for name in names):
        command = app.get_command(context, name)
        assert command is not None
        page = current[f"sealedfiles-{name}.1"]
        for param in command.params:
            if isinstance(param, click.Option) and not param.hidden:
                assert f"{param.opts[-1]}" in page
        assert f"\\fBsealedfiles-{name}\\fR(1)" in current["sealedfiles.1"]
    assert "\n.SH EXAMPLES\n.nf\nsealedfiles init " in current["sealedfiles.1"]
    assert "\n.SS Readers\n" in current["sealedfiles.1"]
    key = current["sealedfiles-key-export.1"]
    assert "\\fBsealedfiles key export\\fR [OPTIONS] [KEY]\n" in key
    assert "\\fB-o, --output FILE\\fR\nWrite the key to FILE" in key
    assert "sealedfiles key export kcmzf66b -o key.txt\n.fi\n" in key
    assert key.endswith(".SH SEE ALSO\n\\fBsealedfiles-key\\fR(1)\n")
    assert "\\fBsealedfiles-key-export\\fR(1)\n" in current["sealedfiles-key.1"]


def test_the_documentation_names_the_files_of_run_with_an_option() -> None:
    """Without it, the first word would be the command."""
    for page in FOLDER.parent.glob("*.md"):
        found = re.findall(r"sealedfiles run (?!-)\S+ -- ", page.read_text(encoding="utf-8"))
        assert found == [], page.name


@pytest.mark.slow
@pytest.mark.parametrize("command", RENDERERS, ids=lambda command: command[0])
def test_they_render_without_a_warning(command: list[str]) -> None:
    _require(command[0])
    for page in sorted(FOLDER.glob("*.1")):
        done = subprocess.run([*command, page], capture_output=True, text=True, check=False)
        said = (done.stdout + done.stderr).splitlines()
        # With a date, the same commands would have other pages on another day.
        assert [line for line in said if "missing date" not in line] == []


def test_what_roff_would_act_on_is_printed_as_it_is() -> None:
    _require("groff")
    text = r"""begins \fBhere\fP --with `a-b` 'c' "d" ^ ~ \n"""
    source = (
        f".TH X 1\n.SH NAME\n.nf\n{escaped_line('.gitattributes')}\n{escaped_line(text)}\n.fi\n"
    )
    command = ["groff", "-man", "-Tascii", "-P-cbou"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=True)
    assert ".gitattributes\n" in done.stdout
    assert text.replace("`", "") in done.stdout

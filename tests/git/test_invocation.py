"""The facts about git's command line that the merge driver and the filter need, and that git does not pass
on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from sealedfiles.git.filter.textconv import only_shows, shows_plaintext
from sealedfiles.git.invocation import GitOptions, read_arguments
from sealedfiles.git.repository import Repository

if TYPE_CHECKING:
    from pathlib import Path


def options_of(folder: Path, command: str) -> GitOptions:
    return read_arguments(command.split(), Repository(folder, folder, folder))


@pytest.mark.parametrize(
    ("command", "favor", "style"),
    [
        ("merge feature", None, None),
        ("merge -X ours feature", "ours", None),
        ("merge -Xtheirs feature", "theirs", None),
        ("-c a.b=c merge --strategy-option=theirs feature", "theirs", None),
        ("rebase --strategy-option ours main", "ours", None),
        ("merge -X ours -X theirs -X renormalize feature", "theirs", None),
        ("merge -X", None, None),
        ("checkout --conflict=diff3 a.env", None, "diff3"),
        ("checkout --conflict merge a.env", None, "merge"),
        ("checkout --ours -- --conflict=diff3 -Xours", None, None),
    ],
)
def test_a_command_line(tmp_path: Path, command: str, favor: str | None, style: str | None) -> None:
    assert options_of(tmp_path, command) == GitOptions(favor, style)


@pytest.mark.parametrize(
    ("command", "file", "text"),
    [
        ("rebase --continue", "rebase-merge/strategy_opts", " --'theirs'"),
        ("cherry-pick --continue", "sequencer/opts", "[options]\n\tstrategy-option = theirs\n"),
        ("revert --skip", "sequencer/opts", "[options]\n\tstrategy-option = theirs\n"),
    ],
)
def test_a_command_that_is_continued(tmp_path: Path, command: str, file: str, text: str) -> None:
    assert options_of(tmp_path, command) == GitOptions()
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text(text)
    assert options_of(tmp_path, command) == GitOptions("theirs")
    assert options_of(tmp_path, "merge feature") == GitOptions(), (
        "another command has nothing to do with it"
    )
    assert options_of(tmp_path, f"{command} -X ours") == GitOptions("ours")
    (tmp_path / file).write_text(" --'renormalize'")
    assert options_of(tmp_path, command) == GitOptions(), "no side is named"


# -- whether a file is shown to a person


def shown(monkeypatch: pytest.MonkeyPatch, command: str, setting: str | None, **env: str) -> bool:
    for name in ("GIT_PAGER_IN_USE", "GIT_EXTERNAL_DIFF"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sealedfiles.git.invocation.git_arguments", command.split)
    repository = SimpleNamespace(config=lambda key: setting if key == "sealedfiles.diff" else None)
    return shows_plaintext(cast("Repository", repository))


@pytest.mark.parametrize(
    ("command", "plaintext"),
    [
        ("", True),
        ("git checkout main", True),
        ("git stash", True),
        ("git stash pop", True),
        ("git stash show -p", False),
        ("git diff", False),
        ("git-diff", False),
        ("/usr/bin/git -C x -c a.b=c --no-pager diff", False),
        ("git -c a.b=diff checkout", True),
        ("git diff --textconv", True),
        ("git diff -- --textconv", False),
        ("git blame a.env", False),
        ("git annotate HEAD a.env", True),
        ("git blame -L 1,2 a.env", False),
        ("git blame -L 1,2 HEAD a.env", True),
        ("git blame HEAD -- a.env", True),
        ("git blame -- a.env", False),
        ("git blame -w a.env", False),
        ("git blame --textconv a.env", True),
    ],
)
def test_who_gets_plaintext(monkeypatch: pytest.MonkeyPatch, command: str, plaintext: bool) -> None:
    assert shown(monkeypatch, command, None) == plaintext
    if command == "git diff":
        assert shown(monkeypatch, command, None, GIT_PAGER_IN_USE="true")
        assert shown(monkeypatch, command, "always")
        assert not shown(monkeypatch, command, "never", GIT_PAGER_IN_USE="true")
        assert shown(monkeypatch, command, "auto", GIT_EXTERNAL_DIFF="tool")
        assert not shown(monkeypatch, f"{command} --no-ext-diff", None, GIT_EXTERNAL_DIFF="tool")


def test_commands_that_only_show(monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("diff", "log -p", "blame a", "annotate a", "stash show", "commit", "status"):
        monkeypatch.setattr("sealedfiles.git.invocation.git_arguments", f"git {command}".split)
        assert only_shows(), command
    for command in ("checkout", "stash pop", "stash", "add show", "merge", ""):
        monkeypatch.setattr("sealedfiles.git.invocation.git_arguments", f"git {command}".split)
        assert not only_shows(), command

"""What a merge driver has to know of git's command line, and git does not tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealedfiles.git.asked import Asked, read_arguments
from sealedfiles.git.repository import Repository

if TYPE_CHECKING:
    from pathlib import Path


def asked(folder: Path, command: str) -> Asked:
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
    assert asked(tmp_path, command) == Asked(favor, style)


@pytest.mark.parametrize(
    ("command", "file", "text"),
    [
        ("rebase --continue", "rebase-merge/strategy_opts", " --'theirs'"),
        ("cherry-pick --continue", "sequencer/opts", "[options]\n\tstrategy-option = theirs\n"),
        ("revert --skip", "sequencer/opts", "[options]\n\tstrategy-option = theirs\n"),
    ],
)
def test_a_command_that_is_continued(tmp_path: Path, command: str, file: str, text: str) -> None:
    assert asked(tmp_path, command) == Asked()
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text(text)
    assert asked(tmp_path, command) == Asked("theirs")
    assert asked(tmp_path, "merge feature") == Asked(), "another command has nothing to do with it"

"""Messages show their severity, in color on a terminal; ``--quiet`` omits progress messages."""

from __future__ import annotations

import pytest
from age.programs import on_terminal
from people import ENV, Person, Repo, program

ESCAPE = "\033["


def at_terminal(repo: Repo, *arguments: str, **variables: str) -> str:
    environment = {**repo.person.environment(), "TERM": "xterm", **variables}
    pairs = [f"{name}={value}" for name, value in environment.items()]
    return on_terminal(["env", "-i", "-C", str(repo.path), *pairs, *program(), *arguments], [])[1]


def test_an_error_says_that_it_is_one(repo: Repo) -> None:
    repo.sealedfiles("get", ENV, "NO_SUCH", code=None)
    assert repo.stderr.startswith("sealedfiles: error: ")
    repo.sealedfiles("get", "--no-such-option", code=2)
    assert repo.stderr.startswith("sealedfiles: error: ")


def test_a_warning_says_that_it_is_one(repo: Repo) -> None:
    repo.sealedfiles("track", "no/such/*.yaml")
    assert "sealedfiles: tracking 'no/such/*.yaml': 0 files\n" in repo.stderr
    assert "sealedfiles: warning: 'no/such/*.yaml' matches no file\n" in repo.stderr


def test_quiet_leaves_out_what_was_done_and_no_warning(repo: Repo) -> None:
    repo.sealedfiles("track", "no/such/*.yaml", "--quiet")
    assert "tracking" not in repo.stderr
    assert "sealedfiles: warning: 'no/such/*.yaml' matches no file\n" in repo.stderr
    assert repo.sealedfiles("get", ENV, "DB_USER", "--quiet") == "s3cr3t-user\n"


def test_verbose_lists_the_git_commands_that_run(repo: Repo) -> None:
    repo.sealedfiles("status", "--verbose")
    assert "sealedfiles: git ls-files" in repo.stderr
    repo.sealedfiles("status")
    assert "sealedfiles: git " not in repo.stderr


def test_a_program_that_is_run_keeps_its_own_options(repo: Repo) -> None:
    out = repo.sealedfiles("run", "-f", ENV, "--", "echo", "--quiet", "--color")
    assert out == "--quiet --color\n"


@pytest.mark.parametrize(
    ("options", "variables", "has_color"),
    [
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        (("--color", "never"), {}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
    ],
)
def test_colors_on_a_terminal(
    repo: Repo, options: tuple[str, ...], variables: dict[str, str], *, has_color: bool
) -> None:
    shown = at_terminal(repo, "get", ENV, "NO_SUCH", *options, **variables)
    assert "error: " in shown
    assert (ESCAPE in shown) == has_color


def test_no_colors_in_a_pipe_unless_they_are_wanted(repo: Repo) -> None:
    repo.sealedfiles("get", ENV, "NO_SUCH", code=None)
    assert ESCAPE not in repo.stderr
    repo.person = repo.person.having(FORCE_COLOR="1")
    repo.sealedfiles("get", ENV, "NO_SUCH", code=None)
    assert ESCAPE in repo.stderr


@pytest.mark.slow
def test_ctrl_c_at_a_question_ends_the_command_and_is_no_answer(repo: Repo) -> None:
    repo.write(
        ".sealedfiles/recipients/carol.pub", Person.at(repo.path.parent / "c").keygen() + "\n"
    )
    environment = [f"{name}={value}" for name, value in repo.person.environment().items()]
    command = ["env", "-i", "-C", str(repo.path), *environment, "TERM=xterm", *program()]
    question = "Has carol confirmed this fingerprint in person? [y/N]"
    status, shown = on_terminal(
        [*command, "grant", "carol", "--to", "default"], [(question, "\x03")]
    )
    assert status == 130, shown
    assert "interrupted" in shown
    assert "assuming no" not in shown
    assert "was not verified" not in shown
    assert not (repo.path / ".sealedfiles/keys/default/carol.age").exists()

"""Configuring git's filter, in one clone and for all repositories of a user."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    Installation,
    Person,
    Repo,
    assert_clean,
    assert_no_plaintext,
    at_home_of_its_own,
    program,
)

from sealedfiles.git.install import configuration

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

pytestmark = [
    pytest.mark.skipif(
        sys.platform == "win32", reason="the second installation is a script for a POSIX system"
    ),
    pytest.mark.many_variants,
]

SECTIONS = r"^(filter|diff|merge)\.sealedfiles\."


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "installation")


@pytest.fixture
def alice(tmp_path: Path) -> Person:
    return Person.at(tmp_path / "alice")


def without_program(repo: Repo) -> Repo:
    """The same repository without sealedfiles on PATH, as for a graphical program."""
    return Repo(repo.person.having(PATH="/usr/bin:/bin"), repo.path)


# -- the command that git runs


@pytest.mark.slow
def test_git_finds_the_program_without_path_and_under_any_name(
    repo: Repo, installation: Installation
) -> None:
    repo.raw(str(installation.program), "unlock")
    gui = without_program(repo)
    gui.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    gui.commit("another password")
    assert_no_plaintext(repo)
    assert_clean(gui)
    gui.git("config", "--local", "--unset", "filter.sealedfiles.process")
    gui.edit(ENV, "s3cr3t-db-beta", "s3cr3t-db-gamma")
    gui.commit("for a git that starts a filter for each file")
    gui.git("checkout", "--quiet", "HEAD~1")
    assert "s3cr3t-db-beta" in gui.read(ENV)
    assert_no_plaintext(repo)


@pytest.mark.parametrize(("kind", "missing"), [("process", "program"), ("one-shot", "interpreter")])
def test_a_program_that_is_missing_is_named_and_git_stores_nothing(
    repo: Repo, installation: Installation, kind: str, missing: str
) -> None:
    repo.raw(str(installation.program), "unlock")
    if kind == "one-shot":
        repo.git("config", "--local", "--unset", "filter.sealedfiles.process")
    installation.lose(missing)
    lost = without_program(repo)
    lost.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    lost.git("add", ENV, code=128)
    said = lost.stderr.split("\n")
    assert said[0] == f"sealedfiles: error: {installation.program} is missing or does not start"
    assert "hint: install it again, then run: sealedfiles unlock" in said
    assert_no_plaintext(repo)

    repo.sealedfiles("unlock")
    lost.git("add", ENV)
    assert_no_plaintext(repo)


def test_another_installation_on_the_path_takes_over(
    repo: Repo, installation: Installation
) -> None:
    repo.raw(str(installation.program), "unlock")
    installation.lose("interpreter")
    repo.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    repo.commit("another password")
    assert_no_plaintext(repo)


def test_a_package_that_is_missing_is_named_without_a_traceback(
    repo: Repo, installation: Installation
) -> None:
    installation.have_own_package()
    repo.raw(str(installation.program), "unlock")
    shutil.rmtree(installation.package.parent)
    lost = without_program(repo)
    lost.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    lost.git("add", ENV, code=128)
    assert f"sealedfiles: error: {installation.program} is missing or does not start" in lost.stderr
    assert "Traceback" not in lost.stderr
    assert_no_plaintext(repo)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["process", "one-shot"])
def test_one_that_is_installed_again_with_another_python_continues_to_work(
    repo: Repo, installation: Installation, kind: str
) -> None:
    repo.raw(str(installation.program), "unlock")
    if kind == "one-shot":
        repo.git("config", "--local", "--unset", "filter.sealedfiles.process")
    installation.reinstall()
    gui = without_program(repo)
    gui.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    gui.commit("another password")
    assert gui.stderr == ""
    assert_no_plaintext(repo)
    assert_clean(gui)


@pytest.mark.parametrize("entry", [".", "bin", "", "{top}", "{top}/bin", "{link}"])
def test_a_program_that_anybody_could_have_pushed_is_never_run(
    repo: Repo, installation: Installation, tmp_path: Path, entry: str
) -> None:
    repo.raw(str(installation.program), "unlock")
    repo.git("config", "--local", "sealedfiles.hooks", "true")
    repo.raw(str(installation.program), "hook", "install")
    installation.lose("program")
    for name in ("sealedfiles", "bin/sealedfiles"):
        (repo.path / name).parent.mkdir(exist_ok=True)
        repo.write(name, f"#!/bin/sh\ntouch '{tmp_path}/run'\ncat\n")
        (repo.path / name).chmod(0o755)
    (tmp_path / "link").symlink_to(repo.path / "bin")
    path = entry.format(top=repo.path, link=tmp_path / "link")
    lost = Repo(repo.person.having(PATH=f"{path}:/usr/bin:/bin"), repo.path)
    lost.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    lost.git("add", ENV, code=128)
    lost.git("commit", "--quiet", "--allow-empty", "-m", "nothing", code=None)
    lost.git("checkout", "--quiet", "HEAD~1", code=None)
    lost.git("merge", "main", code=None)
    assert not (tmp_path / "run").exists()
    assert_no_plaintext(repo)


def test_init_in_a_sparse_checkout_makes_no_second_set_of_keys(repo: Repo) -> None:
    repo.git("status")
    repo.git("sparse-checkout", "set", "secrets")
    assert not (repo.path / ".sealedfiles").exists()
    repo.git("config", "--unset", "filter.sealedfiles.required")
    repo.sealedfiles("init")
    assert not (repo.path / ".sealedfiles").exists()
    assert repo.git("config", "filter.sealedfiles.required") == "true\n"


# -- what belongs to others


@pytest.mark.parametrize("scope", ["--local", "--global"])
def test_a_setting_for_all_merges_is_the_user_s_if_they_made_it(
    alice: Person, tmp_path: Path, scope: str
) -> None:
    fresh = alice.repository(tmp_path / "fresh")
    fresh.git("config", scope, "merge.renormalize", "false")
    fresh.sealedfiles("init", "--name", "alice")
    assert fresh.git("config", "merge.renormalize") == "false\n"
    fresh.sealedfiles("deinit")
    assert fresh.git("config", scope, "merge.renormalize") == "false\n"


# -- for all repositories of a user


@pytest.fixture
def everywhere(world: World, tmp_path: Path) -> Repo:
    """Bob's home with the filter set up for all repositories, and his clone."""
    repo = at_home_of_its_own(world.copy("bob", tmp_path / "orders"), tmp_path)
    repo.person.run([*program(), "init", "--global"], repo.person.home)
    return repo


def test_global_needs_no_repository_and_says_where_it_wrote(alice: Person) -> None:
    _, said = alice.run([*program(), "init", "--global"], alice.home)
    assert f"wrote the filter to {alice.home}/.gitconfig" in said
    assert "sealedfiles deinit --global" in said
    text = (alice.home / ".gitconfig").read_text()
    assert 'filter "sealedfiles"' in text
    assert "renormalize" not in text, "that would change other repositories"
    assert not alice.identities.exists()

    alice.run([*program(), "init", "--global"], alice.home)
    assert (alice.home / ".gitconfig").read_text() == text


@pytest.mark.parametrize("option", ["--no-strict", "--no-hooks", "--name=alice"])
def test_global_goes_with_no_other_option(alice: Person, option: str) -> None:
    alice.run([*program(), "init", "--global", option], alice.home, code=2)
    assert "sealedfiles" not in (alice.home / ".gitconfig").read_text().replace(
        "[sealedfiles]\n\thooks = false", ""
    )


def test_a_clone_is_open_and_sealed_without_any_step(
    everywhere: Repo, origin: Path, tmp_path: Path
) -> None:
    clone = everywhere.person.clone(origin, tmp_path / "clone")
    assert clone.read(ENV).count("s3cr3t-db-alpha") == 1
    clone.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    clone.commit("another password")
    assert_no_plaintext(clone)
    assert_clean(clone)


def test_unlock_leaves_to_the_user_s_configuration_what_it_says(
    everywhere: Repo, origin: Path, tmp_path: Path
) -> None:
    clone = everywhere.person.clone(origin, tmp_path / "clone")
    clone.sealedfiles("unlock")
    local = clone.git("config", "--local", "--get-regexp", SECTIONS)
    assert local == "filter.sealedfiles.required true\n"
    assert_clean(clone)


def test_one_of_another_installation_is_overridden(
    everywhere: Repo, origin: Path, tmp_path: Path, installation: Installation
) -> None:
    clone = everywhere.person.clone(origin, tmp_path / "clone")
    clone.raw(str(installation.program), "unlock")
    assert "the 100%f env" in clone.git("config", "filter.sealedfiles.process")


def test_signs_that_git_would_replace_are_escaped_in_the_path_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "the 100%f env/sealedfiles"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    monkeypatch.setattr(sys, "argv", [str(script)])
    settings = configuration()
    for name, arguments in (
        ("filter.sealedfiles.clean", "git clean %f"),
        ("filter.sealedfiles.smudge", "git smudge %f"),
        ("merge.sealedfiles.driver", "git merge %O %A"),
    ):
        assert "the 100%%f env" in settings[name]
        assert "100%f" not in settings[name]
        assert arguments in settings[name]
    assert "the 100%f env" in settings["filter.sealedfiles.process"]


def test_after_removal_git_refuses_to_store_plaintext(
    everywhere: Repo, origin: Path, tmp_path: Path
) -> None:
    clone = everywhere.person.clone(origin, tmp_path / "clone")
    clone.sealedfiles("unlock")
    everywhere.person.run([*program(), "deinit", "--global"], everywhere.person.home)
    assert 'filter "sealedfiles"' not in (everywhere.person.home / ".gitconfig").read_text()
    clone.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    clone.git("add", ENV, code=128)
    assert_no_plaintext(clone)
    clone.sealedfiles("unlock")
    clone.git("add", ENV)
    assert_no_plaintext(clone)


def test_removing_what_does_not_exist_changes_nothing(alice: Person) -> None:
    before = (alice.home / ".gitconfig").read_text()
    alice.run([*program(), "deinit", "--global"], alice.home)
    assert (alice.home / ".gitconfig").read_text() == before
    (alice.home / ".gitconfig").unlink()
    alice.run([*program(), "deinit", "--global"], alice.home)
    assert not (alice.home / ".gitconfig").exists()

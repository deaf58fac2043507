"""A value that was not written by a reader of its group gets no token through another key path or a
comment.

In an unlocked working tree it looks like every other value, and the user renames a key or adds a
section.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import ENV, EVIL, JSON, YAML, Repo, every_file
from plants import every_plant, plant_plaintext, push, remove

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.many_variants


def rename(repo: Repo, path: str, key: str) -> str:
    """Rename the key in the working tree; return its new path."""
    parent, dot, last = key.rpartition(".")
    new = "PROD_NEW" if last.startswith("PROD_") else f"{last}_NEW"
    quote = '"' if path == JSON else ""
    sign = "=" if path == ENV else ":"
    text = repo.read(path)
    assert f"{quote}{last}{quote}{sign}" in text
    repo.write(path, text.replace(f"{quote}{last}{quote}{sign}", f"{quote}{new}{quote}{sign}", 1))
    return f"{parent}{dot}{new}"


@every_plant
@every_file
def test_a_renamed_key_does_not_make_it_a_reader_s(
    alice: Repo,
    bob: Repo,
    plant: Callable[[Repo, Repo, str], None],
    keys: dict[str, str],
    path: str,
) -> None:
    plant(bob, alice, path)
    new = rename(alice, path, keys[path])
    before = alice.git("ls-files", "--stage")
    alice.git("add", path, code=128)
    assert keys[path] in alice.stderr
    assert EVIL not in alice.stderr
    assert alice.git("ls-files", "--stage") == before
    assert alice.status() == [f" M {path}"]
    for command in (["get", path, new], ["cat", path]):
        assert alice.sealedfiles(*command, code=4) == ""
    assert EVIL not in alice.stderr


@every_plant
def test_nor_does_a_section_around_the_file(
    alice: Repo, bob: Repo, plant: Callable[[Repo, Repo, str], None], keys: dict[str, str]
) -> None:
    plant(bob, alice, YAML)
    lines = alice.read(YAML).split("\n")
    alice.write(YAML, "all:\n" + "\n".join(f"  {line}" if line else "" for line in lines))
    alice.git("add", YAML, code=128)
    assert keys[YAML] in alice.stderr


@every_plant
def test_nor_does_a_comment(
    alice: Repo, bob: Repo, plant: Callable[[Repo, Repo, str], None], keys: dict[str, str]
) -> None:
    plant(bob, alice, YAML)
    text = alice.read(YAML)
    line = next(line for line in text.split("\n") if EVIL in line)
    alice.write(YAML, text.replace(line, f"{line.rstrip()[:2]}# {line.strip()}"))
    alice.git("add", YAML, code=128)
    assert EVIL not in alice.stderr


@every_plant
def test_set_at_another_key_is_refused_only_with_that_value(
    alice: Repo, bob: Repo, plant: Callable[[Repo, Repo, str], None], keys: dict[str, str]
) -> None:
    plant(bob, alice, YAML)
    alice.sealedfiles("set", YAML, "api.token", "--value", EVIL, code=1)
    assert keys[YAML] in alice.stderr
    alice.sealedfiles("set", YAML, "api.token", "--value", "mine")


def test_a_value_of_a_reader_moves_as_before(alice: Repo) -> None:
    new = rename(alice, YAML, "database.user")
    assert alice.sealedfiles("get", YAML, new) == "s3cr3t-user\n"
    alice.git("add", YAML)
    assert alice.sealedfiles("get", YAML, new) == "s3cr3t-user\n"


@pytest.mark.slow
def test_a_comment_of_a_removed_reader_does_not_become_a_value(alice: Repo, bob: Repo) -> None:
    bob.edit(YAML, "# changed on every first of the month", f"# changed: {EVIL}")
    bob.git("add", YAML)
    forged = bob.blob("", YAML).decode()
    assert EVIL not in forged
    bob.git("reset", "--quiet", "--hard")
    remove(alice, bob)
    push(bob, alice, YAML, forged)
    alice.edit(YAML, f"# changed: {EVIL}", f"changed: {EVIL}")
    alice.git("add", YAML, code=128)
    assert "a comment" in alice.stderr


def test_a_pushed_value_is_known_at_another_key_of_another_file(alice: Repo, bob: Repo) -> None:
    plant_plaintext(bob, alice, YAML)
    alice.write(ENV, alice.read(ENV) + f"ADMIN={EVIL}\n")
    alice.git("add", ENV, code=128)
    assert "ADMIN" in alice.stderr
    assert alice.sealedfiles("get", ENV, "ADMIN", code=4) == ""
    alice.sealedfiles("seal", ENV, "--yes")
    alice.git("add", ENV)


@pytest.mark.parametrize("how", [(), ("-X", "ours"), ("-X", "theirs")], ids=" ".join)
def test_a_merge_puts_no_new_value_at_a_key_that_somebody_without_a_key_chose(
    alice: Repo, mallory: Repo, how: tuple[str, ...]
) -> None:
    mallory.edit(YAML, "database:", "banner:")
    mallory.commit("rename it")
    mallory.git("push", "--quiet", "origin", "pr")
    alice.git("fetch", "--quiet")
    alice.edit(YAML, "s3cr3t-user", "s3cr3t-mine")
    alice.commit("mine")
    # With -X ours, our value would be at their key: it stays a conflict.
    code = 0 if how == ("-X", "theirs") else 1
    alice.git("merge", "--quiet", "--no-edit", *how, "origin/pr", code=code)
    ours = alice.read(YAML).partition("=======")[0]
    if how == ("-X", "theirs"):
        assert "s3cr3t-mine" not in ours
        alice.sealedfiles("get", YAML, "banner.user", code=4)
    else:
        assert "banner" not in ours
        assert "database:" in ours
        assert "s3cr3t-mine" in ours

"""Plaintext at a key that programs read as the sealed one is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import EVIL, Repo, commit_blob

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

INI, XML = "app.ini", "app.config"
START = {
    INI: ("[db]\nuser = x\npassword = s3cr3t-one\n", "db.password"),
    XML: (
        '<c xmlns="u" xmlns:a="u"><user>x</user><password>s3cr3t-one</password></c>\n',
        "c.password",
    ),
}
ATTACKS = [
    (INI, "[db]\n", f"[db]\nPassword = {EVIL}\n"),
    (INI, "user = x\n", f"user = x\n[DEFAULT]\npassword = {EVIL}\n[db]\n"),
    (XML, "<user>", f"<a:password>{EVIL}</a:password><user>"),
]


@pytest.fixture(scope="module")
def partly_once(world: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = world.copy("alice", tmp_path_factory.mktemp("partly") / "orders")
    repo.sealedfiles("track", INI, XML, "--values", "**", "--plain", "--yes")
    for name, (text, key) in START.items():
        repo.sealedfiles("track", name, "--values", key)
        repo.write(name, text)
    repo.commit("files that are sealed in part")
    return repo


@pytest.mark.many_variants
@pytest.mark.parametrize(("name", "old", "new"), ATTACKS)
def test_no_command_gives_it_out(
    partly_once: Repo, name: str, old: str, new: str, tmp_path: Path
) -> None:
    repo = partly_once.copy(tmp_path / "orders")
    stored = repo.blob("HEAD", name).decode()
    assert "s3cr3t" not in stored
    assert "x" in stored
    commit_blob(repo, name, stored.replace(old, new))
    for command in (["cat", name], ["run", "-f", name, "--", "env"]):
        assert EVIL not in repo.sealedfiles(*command, code=4)
    found = repo.sealedfiles("check", name, code=1)
    assert "[plain-value]" in found
    assert "unused-rule" not in found

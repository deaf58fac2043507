"""Repositories that other tools have encrypted, and what must hold after `migrate`."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from people import Person, Repo, assert_clean
from services import program as real_program

from sealedfiles.app.migrate import migrating
from sealedfiles.app.migrate.planning import MigrateRequest, prepare
from sealedfiles.cli.prompts import TERMINAL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import ModuleType

DATABASE = """\
# The database of the orders
production:
  host: db.example.net
  port: 5432
  password: "s3cr3t-database: #1"
  replicas: [a, b]
"""
DOTENV = "API_KEY=s3cr3t-api-0123456789\nDEBUG=true\n"
BINARY = bytes(range(256)) * 3


def repository(folder: Path, name: str = "orders") -> Repo:
    """Return a new repository of alice, whose home is beside it."""
    return Person.at(folder / "alice").repository(folder / name)


def run(repo: Repo, *command: str, stdin: bytes = b"", **variables: str) -> bytes:
    """Run the real program *command* in *repo*; skip the test if it is not installed."""
    done = subprocess.run(
        [real_program(command[0]), *command[1:]],
        cwd=repo.path,
        env={**repo.person.environment(), **variables},
        input=stdin,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return done.stdout


def plan(repo: Repo, *options: str) -> dict[str, Any]:
    """Return the plan of a migration, which changes nothing."""
    before = repo.status(), repo.git("ls-files", "--stage")
    data = migrate(repo, "--dry-run", *options)
    assert (repo.status(), repo.git("ls-files", "--stage")) == before
    assert not (repo.path / ".sealedfiles").exists()
    assert data["done"] is False
    return data


def migrate(repo: Repo, *options: str) -> dict[str, Any]:
    """Migrate with one command; return its report, in which no value is."""
    output = repo.sealedfiles("migrate", "--json", "--plain-comments", *(options or ("--yes",)))
    assert "s3cr3t" not in output + repo.stderr
    data = json.loads(output)
    assert data["version"] == 1
    assert isinstance(data, dict)
    return data


def assert_migrated(repo: Repo, expected: Mapping[str, str | bytes]) -> None:
    """Check the working tree, and that a fresh clone has tokens, from which the same files come."""
    repo.git("commit", "--quiet", "--message", "migrate")
    assert_clean(repo)
    copy = repo.person.clone(repo, repo.path.parent / f"{repo.path.name} copy")
    for path, content in expected.items():
        data = content if isinstance(content, bytes) else content.encode()
        assert repo.read_bytes(path) == data
        stored = repo.blob("HEAD", path)
        assert b"sealed:v1:" in stored
        assert b"s3cr3t" not in stored
        assert copy.read_bytes(path) == stored
    copy.sealedfiles("unlock")
    for path, content in expected.items():
        assert copy.read_bytes(path) == repo.read_bytes(path) != b"", content
    copy.sealedfiles("check")


def with_gpg(repo: Repo, home: Path) -> Repo:
    """Return the same repository of a person with a GPG key, whose keyring is in *home*."""
    changed = Repo(repo.person.having(GNUPGHOME=str(home)), repo.path)
    who = f"{repo.person.name} <{repo.person.name}@example.org>"
    options = ("--batch", "--passphrase", "", "--quick-generate-key", who)
    run(changed, "gpg", *options, "future-default", "default", "never")
    return changed


def interrupt(
    repo: Repo,
    step: str,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType = migrating,
    paths: tuple[str, ...] = (),
) -> None:
    """Migrate *repo*, or its files *paths*, in this process, which the user interrupts where *module* calls the function *step*."""

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(repo.path)
    for name, value in repo.person.environment().items():
        monkeypatch.setenv(name, value)
    prepared = prepare(MigrateRequest(None, paths=paths))
    assert prepared.plan
    with monkeypatch.context() as patch:
        patch.setattr(module, step, stop)
        with pytest.raises(KeyboardInterrupt):
            migrating.migrate(prepared, prepared.plan, None, None, TERMINAL, lambda: None)

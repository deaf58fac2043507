"""`sealedfiles migrate` from git-secret and BlackBox, whose files are those of gpg."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from migration import BINARY, DATABASE, DOTENV, assert_migrated, migrate, repository, run, with_gpg
from people import Person

if TYPE_CHECKING:
    from pathlib import Path

    from people import Repo

pytestmark = pytest.mark.slow

FILES = {"config/database.yaml": DATABASE, ".env": DOTENV}
ENDINGS = {"git-secret": ".secret", "blackbox": ".gpg", "old blackbox": ".gpg"}


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    folder = tmp_path_factory.mktemp("gpg")
    home = folder / "gnupg"
    home.mkdir(mode=0o700)
    return with_gpg(repository(folder), home)


@pytest.fixture(params=ENDINGS)
def tool(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def secret(keyring: Repo, tmp_path: Path, tool: str) -> Repo:
    """A repository with two files of *tool*, and their plaintexts, which git ignores."""
    repo = keyring.copy(tmp_path / "orders")
    lines = "".join(f"{path}\n" for path in FILES)
    for path, content in FILES.items():
        repo.write(path, content)
        options = ("--batch", "--trust-model", "always", "-r", "alice@example.org")
        run(repo, "gpg", *options, "-o", path + ENDINGS[tool], "--encrypt", path)
    if tool == "git-secret":
        hashes = [hashlib.sha256(content.encode()).hexdigest() for content in FILES.values()]
        mapping = "".join(f"{path}:{one}\n" for path, one in zip(FILES, hashes, strict=True))
        repo.write(".gitsecret/paths/mapping.cfg", mapping)
        repo.write(".gitsecret/keys/pubring.kbx", b"\x00")
        repo.write(".gitignore", f"*.log\n.gitsecret/keys/random_seed\n!*.secret\n{lines}")
    else:
        folder = ".blackbox" if tool == "blackbox" else "keyrings/live"
        repo.write(f"{folder}/blackbox-files.txt", lines)
        repo.write(f"{folder}/blackbox-admins.txt", "alice@example.org\n")
        repo.write(".gitignore", "*.log\n" + "".join(f"/{path}\n" for path in FILES))
    repo.commit("first")
    assert not {*FILES} & {*repo.git("ls-files").split("\n")}
    return repo


def test_plaintexts_become_sealed_files(secret: Repo, tool: str) -> None:
    report = migrate(secret)
    assert report["tool"] == tool.removeprefix("old ")
    assert {one["from"]: one["path"] for one in report["files"]} == {
        path + ENDINGS[tool]: path for path in FILES
    }
    assert [one["confirmed"] for one in report["files"]] == [tool == "git-secret"] * 2
    (reader,) = report["readers"]
    assert reader["name"] == "alice <alice@example.org>"
    assert secret.read(".gitignore") == "*.log\n"
    left = secret.git("ls-files").split("\n")
    assert [one for one in left if one.startswith((".gitsecret", ".blackbox", "keyrings"))] == []
    assert not (secret.path / f".env{ENDINGS[tool]}").exists()
    assert_migrated(secret, FILES)


@pytest.mark.many_variants
@pytest.mark.parametrize("tool", ["git-secret"], indirect=True)
def test_what_git_ignored_for_the_tool_is_listed(secret: Repo) -> None:
    secret.write(".gitsecret/keys/random_seed", "s3cr3t-seed")
    notes = {one["message"]: one["hints"] for one in migrate(secret)["notes"]}
    (hint,) = notes["git does not ignore .gitsecret/keys/random_seed"]
    assert hint.endswith("rm -r .gitsecret")
    secret.git("commit", "--quiet", "--message", "migrated")


def test_a_locked_clone_gets_the_plaintexts(secret: Repo, tool: str, tmp_path: Path) -> None:
    copy = secret.person.clone(secret, tmp_path / "copy")
    assert not (copy.path / ".env").exists()
    assert migrate(copy)["tool"] == tool.removeprefix("old ")
    assert copy.read(".env") == DOTENV
    assert_migrated(copy, FILES)


@pytest.mark.many_variants
def test_a_plaintext_that_was_not_encrypted_yet_is_not_overwritten(secret: Repo) -> None:
    secret.write(".env", DOTENV + "NEW=s3cr3t-new\n")
    secret.sealedfiles("migrate", "--yes", "--plain-comments", code=2)
    assert ".env has local changes that .env" in secret.stderr
    assert secret.read(".env").endswith("NEW=s3cr3t-new\n")


@pytest.mark.many_variants
def test_without_the_private_key_nothing_is_changed(secret: Repo, tmp_path: Path) -> None:
    other = tmp_path / "empty"
    other.mkdir(mode=0o700)
    stranger = type(secret)(secret.person.having(GNUPGHOME=str(other)), secret.path)
    stranger.sealedfiles("migrate", "--yes", code=3)
    assert "gpg failed with exit status 2" in stranger.stderr
    assert not (secret.path / ".sealedfiles").exists()


SECRET_FILES: dict[str, str | bytes] = {
    "deploy/eu/database.yaml": DATABASE,
    "deploy/eu/tls key.p12": BINARY,
    "services/api/.env.production": DOTENV,
}


@pytest.mark.slow
def test_a_repository_of_git_secret_with_two_readers_is_migrated_by_the_second_one(
    keyring: Repo, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """The real program wrote it: folders, a blank in a name, a binary file, a key for each reader."""
    home = tmp_path_factory.mktemp("bob")
    bob = with_gpg(Person.at(tmp_path / "bob").repository(tmp_path / "empty"), home)
    # A short path: git-secret starts an agent with a socket in the repository.
    repo = keyring.copy(tmp_path_factory.mktemp("r") / "r")
    run(repo, "gpg", "--batch", "--import", stdin=run(bob, "gpg", "--export", "bob@example.org"))
    repo.write(".gitignore", "*.log\n")
    run(repo, "git-secret", "init")
    run(repo, "git-secret", "tell", "alice@example.org", "bob@example.org")
    for path, content in SECRET_FILES.items():
        repo.write(path, content)
        run(repo, "git-secret", "add", path)
    run(repo, "git-secret", "hide")
    repo.commit("first")
    run(repo, "gpgconf", "--kill", "all", GNUPGHOME=str(repo.path / ".gitsecret/keys"))
    copy = bob.person.clone(repo, tmp_path / "of bob")
    assert not (copy.path / "deploy/eu/database.yaml").exists()

    report = migrate(copy)
    assert report["tool"] == "git-secret"
    assert [one["confirmed"] for one in report["files"]] == [True] * len(SECRET_FILES)
    # The key of alice is not in the keyring of bob, but in that of the repository.
    assert {one["name"] for one in report["readers"]} == {
        "alice <alice@example.org>",
        "bob <bob@example.org>",
    }
    assert report["notes"] == []
    assert copy.read(".gitignore") == "*.log\n"
    left = copy.git("ls-files").split("\n")
    assert [one for one in left if ".gitsecret" in one or one.endswith(".secret")] == []
    assert_migrated(copy, SECRET_FILES)

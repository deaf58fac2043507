"""`sealedfiles migrate` from dotenvx: files that the real program has written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from migration import assert_migrated, migrate, repository, run
from people import Repo

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

ENV = """\
# a note
API_KEY="s3cr3t-key 1"
export BARE=s3cr3t-bare # behind a value
SINGLE='s3cr3t-$HOME "x"'
LINES="s3cr3t-one
two"
DEBUG=true
"""
PRODUCTION = "API_KEY=s3cr3t-production\nURL=postgres://u:s3cr3t@db/x\n"


def read_by_dotenvx(repo: Repo, path: str) -> dict[str, str]:
    data = json.loads(run(repo, "dotenvx", "get", "-f", path))
    assert isinstance(data, dict)
    return {name: value for name, value in data.items() if "DOTENV_PUBLIC_KEY" not in name}


def read_by_sealedfiles(repo: Repo, path: str) -> dict[str, str]:
    data = json.loads(repo.sealedfiles("cat", "--format", "json", path))
    assert isinstance(data, dict)
    return data


@pytest.fixture(scope="module")
def web_once(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = repository(tmp_path_factory.mktemp("dotenvx"))
    repo.write(".gitignore", ".env.keys\n")
    repo.write(".env", ENV)
    repo.write("api/.env.production", PRODUCTION)
    run(repo, "dotenvx", "encrypt", "-f", ".env", "-ek", "DEBUG")
    run(repo, "env", "-C", "api", "dotenvx", "encrypt", "-f", ".env.production")
    repo.commit("first")
    return repo


@pytest.fixture
def web(web_once: Repo, tmp_path: Path) -> Repo:
    """A repository with two .env files, of which one has a value in plaintext."""
    return web_once.copy(tmp_path / "orders")


@pytest.mark.slow
def test_applications_read_the_same_values_after_one_command(web: Repo) -> None:
    paths = (".env", "api/.env.production")
    before = {
        ".env": read_by_dotenvx(web, ".env"),
        "api/.env.production": {
            "API_KEY": "s3cr3t-production",
            "URL": "postgres://u:s3cr3t@db/x",
        },
    }
    assert before[".env"]["LINES"] == "s3cr3t-one\ntwo"
    assert before[".env"]["SINGLE"] == 's3cr3t-$HOME "x"'
    report = migrate(web)
    assert [one["confirmed"] for one in report["files"]] == [False, True]  # one has a $
    assert {path: read_by_sealedfiles(web, path) for path in paths} == before
    # Programs that read the file in the working tree, too.
    assert read_by_dotenvx(web, ".env") == before[".env"]
    assert "DOTENV_PUBLIC_KEY" not in web.read(".env")
    assert web.read("api/.env.production").startswith("# .env.production\n")
    stored = web.blob("", ".env").decode()
    assert "DEBUG=true" in stored
    assert "# a note" in stored
    assert_migrated(web, {path: web.read_bytes(path) for path in paths})


@pytest.mark.slow
def test_the_private_key_may_be_given_and_a_missing_or_wrong_one_is_named(
    web: Repo, tmp_path: Path
) -> None:
    copy = web.person.clone(web, tmp_path / "copy")
    copy.sealedfiles("migrate", "--yes", code=3)
    assert ".env: API_KEY: none of 0 private keys decrypts it" in copy.stderr
    keys = str(web.path / ".env.keys")
    copy.sealedfiles("migrate", "--yes", "--key", keys, code=3)
    assert "api/.env.production: API_KEY: none of 1 private key decrypts it" in copy.stderr
    assert not (copy.path / ".sealedfiles").exists()
    report = migrate(copy, "--yes", "--key", keys, "--key", str(web.path / "api/.env.keys"))
    assert report["done"] is True
    assert read_by_sealedfiles(copy, ".env") == read_by_dotenvx(web, ".env")


@pytest.mark.slow
@pytest.mark.parametrize("is_ignored", [True, False])
def test_private_keys_that_git_has_stay_on_the_disk(web: Repo, is_ignored: bool) -> None:
    """A file that was only staged is in no commit: it is the only copy of the keys."""
    keys = web.read(".env.keys")
    if not is_ignored:
        web.write(".gitignore", "*.log\n")
    web.git("add", "--force", ".env.keys")
    report = migrate(web)
    assert web.read(".env.keys") == keys
    assert web.git("ls-files", ".env.keys") == ""
    notes = [one["message"] for one in report["notes"]]
    assert ".env.keys, which has the private keys, is in git" in notes
    assert ("git does not ignore .env.keys" in notes) is not is_ignored


@pytest.mark.slow
def test_variables_in_a_value_are_named_and_stay_as_they_are(web: Repo) -> None:
    run(web, "dotenvx", "set", "URL", "x${API_KEY}", "-f", ".env")
    web.write(".env", web.read(".env") + 'COMMAND="$(touch ran)"\n')
    web.commit("url")
    report = migrate(web, "--yes", ".env")
    assert not (web.path / "ran").exists()
    assert read_by_sealedfiles(web, ".env")["URL"] == "x${API_KEY}"
    notes = [one["message"] for one in report["notes"]]
    assert ".env: dotenvx replaces variables in URL; their text stays as it is" in notes


@pytest.mark.slow
def test_a_file_in_another_encoding_is_refused(web: Repo) -> None:
    before = web.read_bytes(".env") + b"# caf\xe9\n"
    web.write(".env", before)
    web.commit("latin 1")
    web.sealedfiles("migrate", "--yes", code=2)
    assert ".env is not valid UTF-8" in web.stderr
    assert web.read_bytes(".env") == before
    assert web.status() == []


def test_a_damaged_value_is_refused(web: Repo) -> None:
    text = web.read("api/.env.production")
    at = text.index("encrypted:") + len("encrypted:") + 120
    web.write("api/.env.production", text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])
    web.commit("damage")
    web.sealedfiles("migrate", "--yes", code=3)
    assert "or it is damaged" in web.stderr
    assert not (web.path / ".sealedfiles").exists()


@pytest.mark.slow
def test_a_monorepo_with_a_key_of_the_environment(tmp_path: Path) -> None:
    repo = repository(tmp_path, "monorepo")
    repo.write(".gitignore", ".env.keys\n")
    for app in ("web", "worker"):
        repo.write(f"apps/{app}/.env.ci", f"TOKEN=s3cr3t-{app}\nURL=https://u:s3cr3t@{app}\n")
        run(repo, "env", "-C", f"apps/{app}", "dotenvx", "encrypt", "-f", ".env.ci")
    repo.commit("first")
    keys = []
    for app in ("web", "worker"):
        file = repo.path / f"apps/{app}/.env.keys"
        keys.append(file.read_text().partition("DOTENV_PRIVATE_KEY_CI=")[2].strip())
        file.unlink()
    ci = Repo(repo.person.having(DOTENV_PRIVATE_KEY_CI=",".join(keys)), repo.path)
    report = migrate(ci)
    assert [one["to_change"] for one in report["files"]] == [["TOKEN", "URL"]] * 2
    for app in ("web", "worker"):
        expected = {"TOKEN": f"s3cr3t-{app}", "URL": f"https://u:s3cr3t@{app}"}
        assert read_by_sealedfiles(repo, f"apps/{app}/.env.ci") == expected
    paths = ("apps/web/.env.ci", "apps/worker/.env.ci")
    assert_migrated(repo, {path: repo.read_bytes(path) for path in paths})


@pytest.mark.slow
def test_a_value_without_a_spelling_for_all_programs_is_named(tmp_path: Path) -> None:
    repo = repository(tmp_path)
    repo.write(".gitignore", ".env.keys\n")
    repo.write(".env", "A='x\\\\\\\\y\nz'\nB='s3cr3t b'\nC='it\"s'\n")
    run(repo, "dotenvx", "encrypt", "-f", ".env")
    repo.commit("first")
    before = read_by_dotenvx(repo, ".env")
    report = migrate(repo)
    named = [one["message"] for one in report["notes"] if "no spelling" in one["message"]]
    what = "no spelling suits all programs, so node would read another value: A"
    assert named == [f".env: {what}"]
    values = {
        dialect: json.loads(
            repo.sealedfiles("cat", "--format", "json", "--dialect", dialect, ".env")
        )
        for dialect in ("python", "node", "compose", "bash")
    }
    assert [name for name, found in values.items() if found != before] == ["node"]

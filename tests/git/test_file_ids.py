"""A file id belongs to one file: a renamed file keeps it, and no other file gets it."""

from __future__ import annotations

import pytest
from people import ENV, YAML, Repo, commit_blob

from sealedfiles.model.token import file_id, split


def ids(repo: Repo, path: str) -> set[str]:
    return {split(token).file_id for token in repo.tokens("HEAD", path)}


def renamed(repo: Repo) -> Repo:
    """Rename the YAML file, and create a new file with the old name in the same commit."""
    text = repo.read(YAML)
    repo.git("mv", YAML, "secrets/staging.yaml")
    repo.write(YAML, text.replace("s3cr3t-db-alpha", "s3cr3t-db-new"))
    repo.commit("a file for staging")
    return repo


def test_a_new_file_at_an_old_name_takes_the_next_id(repo: Repo) -> None:
    renamed(repo)
    assert ids(repo, "secrets/staging.yaml") == {file_id(YAML.encode())}
    assert ids(repo, YAML) == {file_id(YAML.encode(), 1)}
    repo.git("mv", YAML, "secrets/other.yaml")
    repo.write(YAML, "third: s3cr3t-third\n")
    repo.commit("and one more")
    assert ids(repo, YAML) == {file_id(YAML.encode(), 2)}
    repo.edit(YAML, "s3cr3t-third", "s3cr3t-edited")
    repo.commit("edited")
    assert ids(repo, YAML) == {file_id(YAML.encode(), 2)}


def test_equal_values_of_the_two_do_not_show(repo: Repo) -> None:
    renamed(repo)
    assert not {*repo.tokens("HEAD", YAML)} & {*repo.tokens("HEAD", "secrets/staging.yaml")}


def test_reseal_takes_no_id_of_another_file(repo: Repo) -> None:
    renamed(repo)
    repo.sealedfiles("reseal", YAML)
    assert repo.status() == []
    assert ids(repo, YAML) == {file_id(YAML.encode(), 1)}


def test_a_token_moved_between_the_two_does_not_open(repo: Repo) -> None:
    renamed(repo)
    there = repo.tokens("HEAD", "secrets/staging.yaml")
    here = repo.tokens("HEAD", YAML)
    commit_blob(repo, YAML, repo.blob("HEAD", YAML).decode().replace(here[1], there[1]))
    repo.sealedfiles("get", YAML, "database.password", code=4)
    repo.sealedfiles("cat", YAML, code=4)
    assert repo.sealedfiles("get", YAML, "api.token") == "s3cr3t-api-alpha\n"
    repo.sealedfiles("check", code=1)


def test_nor_do_most_of_its_tokens(repo: Repo) -> None:
    renamed(repo)
    there = repo.tokens("HEAD", "secrets/staging.yaml")
    text = repo.blob("HEAD", YAML).decode()
    for mine, other in list(zip(repo.tokens("HEAD", YAML), there, strict=True))[1:]:
        text = text.replace(mine, other)
    commit_blob(repo, YAML, text)
    for key in ("database.password", "api.token"):
        repo.sealedfiles("get", YAML, key, code=4)
    assert "s3cr3t-db-alpha" not in repo.read(YAML)


def test_a_copy_of_a_file_next_to_the_original_prints_nothing(repo: Repo) -> None:
    commit_blob(repo, "production.env", repo.blob("HEAD", ENV).decode())
    assert "s3cr3t-user" in repo.read("production.env"), "smudge cannot tell it from a renamed file"
    repo.sealedfiles("get", "production.env", "DB_USER", code=4)
    assert "file id of another file" in repo.stderr
    repo.sealedfiles("run", "-f", "production.env", "--", "true", code=4)
    assert repo.sealedfiles("get", ENV, "DB_USER") == "s3cr3t-user\n"


def test_a_renamed_file_prints_its_values(repo: Repo) -> None:
    repo.git("mv", ENV, "production.env")
    repo.commit("renamed")
    assert repo.sealedfiles("get", "production.env", "DB_USER") == "s3cr3t-user\n"


def test_a_token_pasted_into_a_new_file_brings_it_no_id(repo: Repo) -> None:
    repo.git("mv", YAML, "secrets/moved.yaml")
    repo.commit("renamed: the path does not give its id any more")
    pasted = repo.tokens("HEAD", "secrets/moved.yaml")[0]
    repo.write("secrets/new.yaml", f"first: {pasted}\nsecond: s3cr3t-second\n")
    repo.git("add", "secrets/new.yaml")
    repo.git("commit", "--quiet", "--no-verify", "-m", "pasted")
    assert ids(repo, "secrets/new.yaml") == {split(pasted).file_id, file_id(b"secrets/new.yaml")}
    assert repo.sealedfiles("get", "secrets/new.yaml", "second") == "s3cr3t-second\n"
    repo.sealedfiles("get", "secrets/new.yaml", "first", code=4)
    key = "database.password"
    assert repo.sealedfiles("get", "secrets/moved.yaml", key) == "s3cr3t-db-alpha\n"


@pytest.mark.parametrize("repo", ["bob"], indirect=True)
def test_a_copy_by_a_reader_of_a_part_keeps_its_id(repo: Repo) -> None:
    """Otherwise the readers of the other part could not decrypt their values in it."""
    repo.git("mv", YAML, "secrets/moved.yaml")
    repo.commit("renamed")
    repo.write("secrets/copy.yaml", repo.read("secrets/moved.yaml"))
    repo.git("add", "secrets/copy.yaml")
    copied = {split(token).file_id for token in repo.tokens("", "secrets/copy.yaml")}
    assert copied == ids(repo, "secrets/moved.yaml")

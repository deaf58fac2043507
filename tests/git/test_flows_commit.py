"""Add and commit: git holds tokens, the working tree holds values, and git changes only where a person
edited."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
import yaml
from dotenv import dotenv_values
from people import (
    ENV,
    FILES,
    JSON,
    TOKEN,
    YAML,
    assert_clean,
    assert_no_plaintext,
    assert_one_token_changed,
    assert_sound,
    every_file,
    every_file_and_reader,
    every_reader,
    groups,
    tokens,
)

if TYPE_CHECKING:
    from conftest import World
    from people import Repo

pytestmark = pytest.mark.many_variants


def leaves(value: object, path: str = "") -> dict[str, object]:
    if isinstance(value, dict):
        return {k: v for key in value for k, v in leaves(value[key], f"{path}.{key}").items()}
    if isinstance(value, list):
        return {k: v for i, x in enumerate(value) for k, v in leaves(x, f"{path}[{i}]").items()}
    return {path: value}


# What is sealed


@every_file
def test_the_working_tree_keeps_what_was_written(repo: Repo, path: str) -> None:
    assert repo.read(path) == FILES[path]
    assert_sound(repo)


@pytest.mark.parametrize(
    ("path", "parse"), [(YAML, yaml.safe_load), (JSON, json.loads), (ENV, None)]
)
def test_git_holds_the_same_file_with_a_token_for_every_value(
    repo: Repo, path: str, parse: object
) -> None:
    sealed = repo.blob("HEAD", path).decode()
    if callable(parse):
        before, after = leaves(parse(FILES[path])), leaves(parse(sealed))
    else:
        scratch = repo.path.with_name("sealed.env")
        scratch.write_text(sealed, encoding="utf-8")
        before, after = dict(dotenv_values(repo.path / path)), dict(dotenv_values(scratch))
    assert list(after) == list(before)
    for key, value in after.items():
        if key.startswith((".service", "APP_")) or value == {}:
            assert value == before[key]
        else:
            match = TOKEN.fullmatch(str(value))
            assert match, f"{key} is {value}"
            owner = "production" if "prod" in key.lower() else "default"
            assert match["group"] == owner


@every_file
def test_every_line_without_a_value_is_unchanged_in_git(repo: Repo, path: str) -> None:
    sealed = repo.blob("HEAD", path).decode().split("\n")
    values = ("s3cr3t", "certificate: |", "BEGIN", "END", "1000", "2500", "true")
    kept = [line for line in FILES[path].split("\n") if not any(v in line for v in values)]
    assert [line for line in sealed if not TOKEN.search(line)] == kept


def test_a_diff_shows_values_to_those_who_can_read_them(repo: Repo) -> None:
    for path in FILES:
        repo.edit(path, "db-alpha", "db-beta")
    repo.edit(ENV, "PORT=8080", "PORT=9090")
    before = repo.git("diff", "--textconv")
    repo.commit("new password")
    for shown in (
        before,
        repo.git("show", "--textconv"),
        repo.git("log", "-p", "-1", "--textconv"),
    ):
        assert shown.count("s3cr3t-db-alpha") == len(FILES)
        assert shown.count("s3cr3t-db-beta") == len(FILES)
        assert "\n+APP_PORT=9090\n" in shown
        assert not tokens(shown)
        changed = [line for line in shown.split("\n") if line[:1] in "+-" and line[1:2] not in "+-"]
        assert len([line for line in changed if line]) == 2 * len(FILES) + 2


@every_file
def test_one_changed_value_is_one_changed_line_in_git(repo: Repo, path: str) -> None:
    repo.edit(path, "api-alpha", "api-beta")
    repo.commit("new token")
    assert repo.git("diff", "--no-textconv", "--numstat", "HEAD~").split() == ["1", "1", path]
    assert_one_token_changed(repo.tokens("HEAD~", path), repo.tokens("HEAD", path))


# The ways to add and to commit

NEW = {
    "billing.env": "DB_PASSWORD=s3cr3t-one\n\nAPI_TOKEN='s3cr3t-two'\n",
    "config/billing.json": '{\n  "password": "s3cr3t-one",\n  "tokens": ["s3cr3t-two"]\n}\n',
    "secrets/billing.yaml": "password: s3cr3t-one\n\ntokens:\n  - s3cr3t-two\n",
}


@every_reader
def test_adding_new_files_seals_them_and_adding_them_again_changes_nothing(repo: Repo) -> None:
    for path, text in NEW.items():
        repo.write(path, text)
    repo.git("add", *NEW)
    first = repo.git("ls-files", "--stage")
    for path, text in NEW.items():
        assert len(repo.tokens("", path)) == 2
        repo.write(path, text)
    repo.git("add", *NEW)
    assert repo.git("ls-files", "--stage") == first
    repo.git("commit", "-m", "billing")
    assert {path: repo.read(path) for path in NEW} == NEW
    assert_sound(repo)


def test_an_intent_to_add_comes_to_the_same_tokens(repo: Repo) -> None:
    for path, text in NEW.items():
        repo.write(path, text)
    repo.git("add", *NEW)
    straight = repo.git("ls-files", "--stage")
    repo.git("rm", "--cached", "--quiet", *NEW)

    repo.git("add", "--intent-to-add", *NEW)
    assert repo.status() == [f" A {path}" for path in sorted(NEW)]
    assert repo.git("diff", "--textconv").count("s3cr3t-two") == len(NEW)
    repo.git("add", "--update")
    assert repo.git("ls-files", "--stage") == straight
    repo.git("commit", "-m", "billing")
    assert_sound(repo)


@every_reader
def test_commit_all(repo: Repo) -> None:
    for path in FILES:
        repo.edit(path, "db-alpha", "db-beta")
    repo.git("commit", "-a", "-m", "new password")
    for path in FILES:
        assert_one_token_changed(repo.tokens("HEAD~", path), repo.tokens("HEAD", path))
    assert_sound(repo)


def test_commit_of_one_path_leaves_the_others_alone(repo: Repo) -> None:
    for path in FILES:
        repo.edit(path, "db-alpha", "db-beta")
    repo.git("commit", "-m", "new password", "--", YAML)
    assert repo.status() == [f" M {ENV}", f" M {JSON}"]
    assert_one_token_changed(repo.tokens("HEAD~", YAML), repo.tokens("HEAD", YAML))
    repo.git("commit", "-m", "there too", "--", ENV, JSON)
    assert_sound(repo)


@every_reader
def test_amend(repo: Repo) -> None:
    for path in FILES:
        repo.edit(path, "db-alpha", "db-beta")
    repo.commit("new password")
    for path in FILES:
        repo.edit(path, "api-alpha", "api-beta")
    repo.git("commit", "-a", "--amend", "--no-edit")
    for path in FILES:
        assert_one_token_changed(repo.tokens("HEAD@{1}", path), repo.tokens("HEAD", path))
    assert_sound(repo)


def test_committing_again_after_a_reset_gives_the_same_tree(repo: Repo) -> None:
    for path in FILES:
        repo.edit(path, "db-alpha", "db-beta")
    repo.commit("new password")
    tree = repo.tree()
    repo.git("reset", "HEAD~")
    repo.commit("once more")
    assert repo.tree() == tree

    texts = repo.texts()
    repo.git("reset", "--hard", "HEAD~")
    assert repo.texts() == FILES
    for path, text in texts.items():
        repo.write(path, text)
    repo.commit("and by hand")
    assert repo.tree() == tree
    assert_sound(repo)


def test_adding_a_removed_file_again_gives_the_same_blobs(repo: Repo) -> None:
    stage = repo.git("ls-files", "--stage")
    repo.git("rm", "--cached", "--quiet", *FILES)
    repo.git("add", *FILES)
    assert repo.git("ls-files", "--stage") == stage
    repo.git("add", "--renormalize", ".")
    assert repo.git("ls-files", "--stage") == stage
    assert_sound(repo)


def test_a_restored_value_gets_its_earlier_token(repo: Repo) -> None:
    tree = repo.tree()
    repo.edit(YAML, "db-alpha", "db-beta")
    repo.commit("there")
    repo.edit(YAML, "db-beta", "db-alpha")
    repo.commit("and back")
    assert repo.tree() == tree


@every_file_and_reader
def test_adding_one_hunk_seals_that_hunk_only(repo: Repo, path: str) -> None:
    repo.edit(path, "db-alpha", "db-beta")
    repo.edit(path, "api-alpha", "api-beta")
    repo.git("add", "--patch", path, answers="y\nn\n")
    assert repo.status() == [f"MM {path}"]
    assert_one_token_changed(repo.tokens("HEAD", path), repo.tokens("", path))
    repo.git("commit", "-m", "the password")
    assert repo.status() == [f" M {path}"]
    assert "s3cr3t-api-beta" in repo.read(path)
    repo.git("commit", "-a", "-m", "the token")
    assert_one_token_changed(repo.tokens("HEAD~", path), repo.tokens("HEAD", path))
    assert_sound(repo)


@every_file
def test_restoring_one_hunk_restores_that_hunk_only(repo: Repo, path: str) -> None:
    repo.edit(path, "db-alpha", "db-beta")
    repo.edit(path, "api-alpha", "api-beta")
    repo.git("restore", "--patch", path, answers="n\ny\n")
    assert repo.read(path) == FILES[path].replace("db-alpha", "db-beta")
    repo.git("restore", path)
    assert repo.read(path) == FILES[path]
    assert_sound(repo)


@every_reader
def test_edits_of_plain_values_and_of_comments_change_no_token(repo: Repo) -> None:
    before = {path: repo.tokens("HEAD", path) for path in FILES}
    for path in FILES:
        repo.edit(path, "8080", "9090")
    for path in (ENV, YAML):
        repo.edit(path, "every first of the month", "every monday")
    repo.commit("another port, on mondays")
    assert {path: repo.tokens("HEAD", path) for path in FILES} == before
    assert b"every monday" in repo.blob("HEAD", YAML)
    assert_sound(repo)


@every_reader
def test_values_that_are_added_and_removed_leave_the_tokens_of_the_others(repo: Repo) -> None:
    repo.write(ENV, repo.read(ENV).replace("DB_USER=s3cr3t-user\n", "NEW=s3cr3t-new\n"))
    repo.edit(JSON, "[\n    1000,", "[\n    10,\n    1000,")
    repo.edit(YAML, "[s3cr3t-read,", "[s3cr3t-admin, s3cr3t-read,")
    repo.commit("more")
    for path in FILES:
        before, after = repo.tokens("HEAD~", path), repo.tokens("HEAD", path)
        assert len(after) == len(before) + (path != ENV)
        assert len(set(after) - set(before)) == 1
    assert_sound(repo)


# Comments


@pytest.mark.parametrize(
    ("path", "line", "commented"),
    [
        (ENV, 'DB_PASSWORD="s3cr3t-db-alpha"', '# DB_PASSWORD="s3cr3t-db-alpha"'),
        (ENV, "export API_TOKEN=", "#export API_TOKEN="),
        (YAML, '  password: "s3cr3t-db-alpha"', '  #password: "s3cr3t-db-alpha"'),
        (YAML, "  user: s3cr3t-user", "#  user: s3cr3t-user"),
        (YAML, "  token: s3cr3t-api-alpha  # issued", "  # token: s3cr3t-api-alpha  # issued"),
    ],
)
def test_a_value_that_is_commented_out_stays_sealed(
    repo: Repo, path: str, line: str, commented: str
) -> None:
    before = repo.tokens("HEAD", path)
    repo.edit(path, line, commented)
    text = repo.read(path)
    repo.commit("not now")
    after = repo.tokens("HEAD", path)
    assert len(after) == len(before)
    assert len(set(before) - set(after)) == 1

    (repo.path / path).unlink()
    repo.git("checkout", "--", path)
    assert repo.read(path) == text

    # The version before this one holds no such value any more, only the comment.
    repo.edit(path, "cache-alpha", "cache-beta")
    repo.commit("new cache")
    assert_one_token_changed(after, repo.tokens("HEAD", path))
    assert_no_plaintext(repo)

    repo.edit(path, "cache-beta", "cache-alpha")
    repo.edit(path, commented, line)
    repo.commit("now")
    assert repo.tokens("HEAD", path) == before
    assert_sound(repo)


@pytest.mark.parametrize("path", [ENV, YAML])
def test_an_edit_of_a_value_that_is_commented_out_stays_sealed(repo: Repo, path: str) -> None:
    start, end = ("DB_PASSWORD", "db-beta") if path == ENV else ('password: "', "db-beta")
    repo.edit(path, start, f"#{start}")
    repo.commit("not now")
    repo.edit(path, "db-alpha", end)
    text = repo.read(path)
    repo.commit("nor this one")
    assert_one_token_changed(repo.tokens("HEAD~", path), repo.tokens("HEAD", path))
    assert repo.read(path) == text
    assert_sound(repo)


def test_a_comment_with_an_old_password_is_sealed(repo: Repo) -> None:
    repo.edit(YAML, '"s3cr3t-db-alpha"', '"s3cr3t-db-beta"  # was s3cr3t-db-alpha until last month')
    text = repo.read(YAML)
    repo.commit("new password")
    assert b"until last month" not in repo.blob("HEAD", YAML)
    assert_sound(repo)
    (repo.path / YAML).unlink()
    repo.git("checkout", "--", YAML)
    assert repo.read(YAML) == text


# Unusual files


def test_an_empty_file_stays_empty(repo: Repo) -> None:
    for path in ("empty.env", "config/empty.json", "secrets/empty.yaml"):
        repo.write(path, "")
    repo.commit("empty files")
    assert repo.blob("HEAD", "secrets/empty.yaml") == b""
    assert_sound(repo)
    repo.write("secrets/empty.yaml", "password: s3cr3t-one\n")
    repo.commit("filled")
    assert len(repo.tokens("HEAD", "secrets/empty.yaml")) == 1
    repo.write("secrets/empty.yaml", "")
    repo.commit("emptied")
    assert repo.blob("HEAD", "secrets/empty.yaml") == b""
    assert_sound(repo)


def test_the_mode_of_a_file_is_kept(repo: Repo) -> None:
    (repo.path / ENV).chmod(0o755)
    repo.edit(ENV, "db-alpha", "db-beta")
    repo.commit("a script")
    assert repo.git("ls-files", "--stage", ENV).startswith("100755 ")
    repo.git("checkout", "--quiet", "HEAD~")
    assert (repo.path / ENV).stat().st_mode & 0o111 == 0
    repo.git("checkout", "--quiet", "main")
    assert (repo.path / ENV).stat().st_mode & 0o111 == 0o111
    assert "s3cr3t-db-beta" in repo.read(ENV)
    assert_sound(repo)


@every_reader
def test_names_with_spaces_and_umlauts(repo: Repo) -> None:
    path = "secrets/für die Bücher (neu).yaml"
    repo.write(path, NEW["secrets/billing.yaml"])
    repo.git("add", path)
    repo.git("commit", "-m", "books")
    assert len(repo.tokens("HEAD", path)) == 2
    (repo.path / path).unlink()
    repo.git("checkout", "--", path)
    assert repo.read(path) == NEW["secrets/billing.yaml"]
    assert_sound(repo)


def test_a_binary_file_is_sealed_as_a_whole(repo: Repo) -> None:
    repo.sealedfiles("track", "vault/*")
    content = b"\x00\xff s3cr3t\r\n\n\x80" * 300
    repo.write("vault/store.p12", content)
    repo.write("vault/empty.p12", b"")
    repo.commit("a key store")
    sealed = repo.blob("HEAD", "vault/store.p12").decode()
    assert TOKEN.fullmatch(sealed.removesuffix("\n"))
    assert sealed.endswith("\n")
    assert repo.read_bytes("vault/store.p12") == content
    assert_sound(repo)
    shutil.rmtree(repo.path / "vault")
    repo.git("checkout", "--", "vault")
    assert repo.read_bytes("vault/store.p12") == content
    assert repo.read_bytes("vault/empty.p12") == b""
    assert_sound(repo)


def windows(path: str) -> bytes:
    text = FILES[path].replace("\n", "\r\n")
    return text.encode() if path == ENV else b"\xef\xbb\xbf" + text.encode()


@every_file
def test_line_endings_and_byte_order_marks_are_kept(repo: Repo, path: str) -> None:
    content = windows(path)
    repo.write(path, content)
    repo.commit("from another editor")
    sealed = repo.blob("HEAD", path)
    assert sealed[:3] == content[:3]
    assert sealed.count(b"\n") == sealed.count(b"\r\n") > 5
    (repo.path / path).unlink()
    repo.git("checkout", "--", path)
    assert repo.read_bytes(path) == content
    assert_sound(repo)

    repo.write(path, content.replace(b"db-alpha", b"db-beta"))
    repo.commit("new password")
    assert_one_token_changed(repo.tokens("HEAD~", path), repo.tokens("HEAD", path))


def test_autocrlf_changes_neither_files_nor_tokens(repo: Repo) -> None:
    repo.git("config", "core.autocrlf", "true")
    for path in FILES:
        (repo.path / path).unlink()
    repo.git("checkout", "--", *FILES)
    assert repo.texts() == FILES
    for path in FILES:
        repo.write(path, windows(path).replace(b"db-alpha", b"db-beta"))
    repo.commit("with another editor")
    tree = repo.tree()
    repo.git("config", "core.autocrlf", "false")
    repo.git("commit", "--amend", "--no-edit", "-a", "--allow-empty")
    assert repo.tree() == tree
    for path in FILES:
        (repo.path / path).unlink()
    repo.git("checkout", "--", *FILES)
    assert repo.read_bytes(YAML) == windows(YAML).replace(b"db-alpha", b"db-beta")
    assert_no_plaintext(repo)
    assert_clean(repo)


# Files that do not parse while they are being edited

HALF = 'database:\n  user: s3cr3t-user\n  password: "s3cr3t-db-be\n cache: [\n'


def test_a_half_edited_file_disturbs_nothing_and_leaks_nothing(repo: Repo) -> None:
    whole = repo.read(YAML)
    repo.write(YAML, HALF)
    assert repo.status() == [f" M {YAML}"]
    assert "+ cache: [" in repo.git("diff", "--textconv")

    repo.git("stash")
    assert repo.read(YAML) == whole
    repo.git("stash", "pop")
    assert repo.read(YAML) == HALF

    repo.git("add", YAML)
    assert len(repo.tokens("", YAML)) == 1
    assert_no_plaintext(repo)
    repo.git("restore", "--staged", YAML)
    assert repo.read(YAML) == HALF

    repo.git("add", YAML)
    repo.write(YAML, whole.replace("db-alpha", "db-beta"))
    repo.git("add", YAML)
    assert_one_token_changed(repo.tokens("HEAD", YAML), repo.tokens("", YAML))
    repo.git("commit", "-m", "done")
    assert_sound(repo)


@pytest.mark.parametrize("repo", ["bob"], indirect=True)
def test_a_half_edited_file_is_refused_from_who_lacks_one_of_its_groups(repo: Repo) -> None:
    """Sealed whole to Bob's group only, it would show its readers the values of another group."""
    repo.write(YAML, HALF)
    assert repo.status() == [f" M {YAML}"]
    repo.git("add", YAML, code=128)
    assert "no key for the group production" in repo.stderr
    assert_no_plaintext(repo)
    repo.git("checkout", "--", YAML)
    assert_clean(repo)


# When a file becomes a sealed one


def test_tracking_a_file_that_is_in_git_already_seals_it_in_the_index(repo: Repo) -> None:
    repo.write("deploy/site.json", NEW["config/billing.json"])
    repo.commit("in the clear, a mistake")
    with pytest.raises(AssertionError, match="holds s3cr3t"):
        assert_no_plaintext(repo)
    repo.sealedfiles("track", "deploy/*.json", "--group", "production")
    assert len(repo.tokens("", "deploy/site.json")) == 2
    assert groups(repo.blob("", "deploy/site.json").decode()) == {"production"}
    assert repo.read("deploy/site.json") == NEW["config/billing.json"]
    assert {"M  .gitattributes", "M  deploy/site.json"} <= set(repo.status())
    repo.git("commit", "-m", "sealed")
    assert_clean(repo)


def test_tracking_stages_the_rule_and_the_attributes(repo: Repo) -> None:
    repo.sealedfiles("track", "deploy/*.json", "--group", "production")
    assert repo.status() == [
        "M  .gitattributes",
        "M  .sealedfiles/policy.proof",
        "M  .sealedfiles/policy.yaml",
    ]
    assert "deploy/*.json filter=sealedfiles diff=sealedfiles merge=sealedfiles -text\n" in (
        repo.read(".gitattributes")
    )


def test_packing_everything_keeps_everything_sealed(repo: Repo) -> None:
    for path in FILES:
        repo.edit(path, "db-alpha", "db-beta")
    repo.commit("new password")
    repo.git("gc", "--quiet", "--prune=now")
    assert_sound(repo)


def test_init_can_be_repeated(repo: Repo, world: World) -> None:
    config = repo.git("config", "--local", "--list")
    assert repo.person is world.alice
    repo.sealedfiles("init")
    assert repo.git("config", "--local", "--list") == config
    assert_sound(repo)

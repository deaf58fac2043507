"""`sealedfiles migrate` from git-crypt."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import migration
import pytest
from migration import (
    BINARY,
    DATABASE,
    DOTENV,
    assert_migrated,
    interrupt,
    migrate,
    plan,
    repository,
    run,
)

from sealedfiles.app.access import granting

if TYPE_CHECKING:
    from pathlib import Path

    from people import Repo

pytestmark = pytest.mark.slow

FILES: dict[str, str | bytes] = {
    "secrets/database.yaml": DATABASE,
    "secrets/key.bin": BINARY,
    ".env": DOTENV,
}
ATTRIBUTES = """\
*.png binary
secrets/** filter=git-crypt diff=git-crypt
.env filter=git-crypt diff=git-crypt -text
"""


@pytest.fixture(scope="module")
def unlocked_once(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = repository(tmp_path_factory.mktemp("git-crypt"))
    run(repo, "git-crypt", "init")
    repo.write(".gitattributes", ATTRIBUTES)
    for path, content in FILES.items():
        repo.write(path, content)
    repo.write("secrets/empty", "")
    repo.write("README.md", "# Orders\n")
    repo.commit("first")
    assert repo.blob("HEAD", ".env").startswith(b"\0GITCRYPT\0")
    return repo


@pytest.fixture
def unlocked(unlocked_once: Repo, tmp_path: Path) -> Repo:
    """A repository with files that git-crypt encrypts, in an unlocked clone."""
    return unlocked_once.copy(tmp_path / "orders")


@pytest.mark.slow
def test_one_command_migrates_an_unlocked_clone(unlocked: Repo) -> None:
    planned = plan(unlocked)
    assert planned["tool"] == "git-crypt"
    assert {one["path"] for one in planned["files"]} >= {*FILES}
    report = migrate(unlocked)
    assert report["done"] is True
    assert all(one["confirmed"] for one in report["files"] if one["path"] in FILES)
    changed = {one["path"]: one["to_change"] for one in report["files"]}
    assert changed[".env"] == ["API_KEY"]
    assert changed["secrets/database.yaml"] == ["production.password"]
    attributes = unlocked.read(".gitattributes")
    assert "git-crypt" not in attributes
    assert attributes.startswith("*.png binary\n.env -text\nsecrets/** filter=sealedfiles")
    assert unlocked.blob("", "README.md") == b"# Orders\n"
    assert_migrated(unlocked, FILES)
    # What git-crypt would have encrypted is sealed: its patterns are tracked.
    unlocked.write("secrets/later.yaml", "password: s3cr3t-later\n")
    unlocked.git("add", "--all")
    assert b"s3cr3t" not in unlocked.blob("", "secrets/later.yaml")
    assert "no files of another encryption tool" in _said(unlocked)


@pytest.mark.slow
def test_a_file_that_does_not_parse_is_listed_and_sealed_whole(unlocked: Repo) -> None:
    run(unlocked, "git-crypt", "init", "--key-name", "ops")
    attributes = ATTRIBUTES + "ops/* filter=git-crypt-ops diff=git-crypt-ops\n"
    unlocked.write(".gitattributes", attributes)
    templates = {
        f"{folder}/template.yaml": "key: {{ x }}\npassword: s3cr3t-template\n"
        for folder in ("secrets", "ops")
    }
    for path, content in templates.items():
        unlocked.write(path, content)
    unlocked.write("ops/token.json", '{"token": "s3cr3t-ops"}\n')
    unlocked.commit("templates")
    notes = [one["message"] for one in migrate(unlocked)["notes"]]
    for path in templates:
        assert any(one.startswith(f"{path}:1: sealed whole: ") for one in notes)
    assert not any("is not tracked" in one for one in notes)
    assert_migrated(unlocked, {**FILES, **templates})
    unlocked.write("ops/later.yaml", "password: s3cr3t-later\n")
    unlocked.git("add", "--all")
    stored = unlocked.blob("", "ops/later.yaml")
    assert b"sealed:v1:ops:" in stored


def _said(repo: Repo) -> str:
    repo.sealedfiles("migrate", "--yes")
    return repo.stderr


@pytest.mark.slow
def test_named_keys_become_groups_and_exported_keys_open_a_locked_clone(
    unlocked: Repo, tmp_path: Path
) -> None:
    repo = unlocked
    run(repo, "git-crypt", "init", "--key-name", "ops")
    repo.write(".gitattributes", ATTRIBUTES + "ops/* filter=git-crypt-ops diff=git-crypt-ops\n")
    repo.write("ops/token.json", '{"token": "s3cr3t-ops"}\n')
    repo.commit("ops")
    keys = [str(tmp_path / "default.key"), str(tmp_path / "ops.key")]
    run(repo, "git-crypt", "export-key", keys[0])
    run(repo, "git-crypt", "export-key", "--key-name", "ops", keys[1])
    locked = repo.person.clone(repo, tmp_path / "locked")
    assert locked.read_bytes("ops/token.json").startswith(b"\0GITCRYPT\0")

    locked.sealedfiles("migrate", "--yes", "--key", keys[0], code=3)
    assert "there is no key ops of git-crypt" in locked.stderr
    assert locked.status() == []
    assert not (locked.path / ".sealedfiles").exists()

    report = migrate(locked, "--yes", "--key", keys[0], "--key", keys[1])
    groups = {one["path"]: one["group"] for one in report["files"]}
    assert groups["ops/token.json"] == "ops"
    assert groups[".env"] == "default"
    assert_migrated(locked, {**FILES, "ops/token.json": '{"token": "s3cr3t-ops"}\n'})
    assert locked.sealedfiles("get", "ops/token.json", "token") == "s3cr3t-ops\n"


@pytest.mark.slow
def test_gpg_users_are_named_and_their_key_opens_a_locked_clone(
    unlocked: Repo, tmp_path: Path
) -> None:
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    repo = migration.with_gpg(unlocked, home)
    run(repo, "git-crypt", "add-gpg-user", "--trusted", "alice@example.org")
    locked = repo.person.clone(repo, tmp_path / "locked")
    report = migrate(locked)
    (reader,) = report["readers"]
    assert reader["name"] == "alice <alice@example.org>"
    assert reader["groups"] == []
    assert reader["granted"] is False
    assert len([one for one in report["removed"] if one.endswith(".gpg")]) == 1
    assert not (locked.path / ".git-crypt").exists()
    assert_migrated(locked, FILES)


@pytest.mark.many_variants
@pytest.mark.parametrize("change", ["unstaged", "damaged", "other key"])
def test_nothing_is_changed_if_a_file_cannot_be_migrated(
    unlocked: Repo, tmp_path: Path, change: str
) -> None:
    options: list[str] = []
    code = 4
    if change == "unstaged":
        unlocked.write(".env", DOTENV + "NEW=s3cr3t-new\n")
        code = 2
    elif change == "damaged":
        blob = bytearray(unlocked.blob("HEAD", ".env"))
        blob[-1] ^= 1
        unlocked.write(".git/blob", bytes(blob))
        oid = unlocked.git("hash-object", "-w", "--no-filters", ".git/blob").strip()
        unlocked.git("update-index", "--cacheinfo", f"100644,{oid},.env")
    else:
        other = repository(tmp_path / "other")
        run(other, "git-crypt", "init")
        run(other, "git-crypt", "export-key", str(tmp_path / "key"))
        options = ["--key", str(tmp_path / "key")]
    before = unlocked.git("ls-files", "--stage"), unlocked.read_bytes(".env")
    unlocked.sealedfiles("migrate", "--yes", *options, code=code)
    assert "s3cr3t" not in unlocked.stderr
    assert (unlocked.git("ls-files", "--stage"), unlocked.read_bytes(".env")) == before
    assert not (unlocked.path / ".sealedfiles").exists()


@pytest.mark.slow
def test_a_part_leaves_the_rest_to_git_crypt(unlocked: Repo) -> None:
    report = migrate(unlocked, "--yes", "--group", "data", "secrets/database.yaml")
    assert [one["path"] for one in report["files"]] == ["secrets/database.yaml"]
    assert report["removed"] == []
    assert unlocked.blob("", ".env").startswith(b"\0GITCRYPT\0")
    assert ".env filter=git-crypt" in unlocked.read(".gitattributes")
    assert_migrated(unlocked, {"secrets/database.yaml": DATABASE})
    migrate(unlocked)
    assert "git-crypt" not in unlocked.read(".gitattributes")
    assert unlocked.sealedfiles("get", ".env", "API_KEY") == "s3cr3t-api-0123456789\n"


def test_without_an_answer_nothing_is_changed(unlocked: Repo) -> None:
    unlocked.sealedfiles("migrate", code=2)
    assert "nothing was changed: no terminal to ask on" in unlocked.stderr
    assert unlocked.status() == []


@pytest.mark.slow
@pytest.mark.many_variants
@pytest.mark.parametrize(
    "step", ["remove_from_git", "create_workspace", "track", "refresh", "_verified", "_grant"]
)
def test_an_interrupted_migration_is_finished_by_the_next_one(
    unlocked: Repo, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(unlocked, step, monkeypatch)
    for path in unlocked.git("ls-files").split("\n")[:-1]:
        assert b"s3cr3t" not in unlocked.blob("", path)
    unlocked.git("add", "--all")  # what somebody may do now stores no plaintext, either
    assert b"s3cr3t" not in unlocked.blob("", ".env") + unlocked.blob("", "secrets/database.yaml")

    migrate(unlocked)
    assert "git-crypt" not in unlocked.read(".gitattributes")
    assert not unlocked.folder("sealedfiles-migration").exists()
    assert_migrated(unlocked, FILES)


@pytest.fixture
def with_ops(unlocked: Repo) -> Repo:
    """The same repository, with a file that a second key encrypts."""
    run(unlocked, "git-crypt", "init", "--key-name", "ops")
    unlocked.write(".gitattributes", ATTRIBUTES + "ops.env filter=git-crypt-ops\n")
    unlocked.write("ops.env", "TOKEN=s3cr3t-ops\n")
    unlocked.commit("ops")
    return unlocked


@pytest.mark.slow
@pytest.mark.parametrize("step", ["stage", "record_new_keys"])
def test_a_group_whose_creation_was_interrupted_is_finished(
    with_ops: Repo, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(with_ops, step, monkeypatch, granting)
    epochs = with_ops.read(".sealedfiles/keys/ops/epochs")
    report = migrate(with_ops)
    assert {one["path"]: one["group"] for one in report["files"]}["ops.env"] == "ops"
    assert with_ops.read(".sealedfiles/keys/ops/epochs") == epochs
    assert_migrated(with_ops, {**FILES, "ops.env": "TOKEN=s3cr3t-ops\n"})


@pytest.mark.slow
def test_a_second_interruption_does_not_forget_the_groups_of_the_first(
    with_ops: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(with_ops, "git-crypt", "init", "--key-name", "api")
    attributes = with_ops.read(".gitattributes")
    with_ops.write(".gitattributes", attributes + "api.env filter=git-crypt-api\n")
    with_ops.write("api.env", "TOKEN=s3cr3t-api\n")
    with_ops.commit("api")
    interrupt(with_ops, "stage", monkeypatch, granting, ("ops.env",))
    interrupt(with_ops, "stage", monkeypatch, granting)
    files = [f".sealedfiles/keys/{group}/epochs" for group in ("api", "ops")]
    epochs = [with_ops.read(file) for file in files]
    migrate(with_ops)
    assert [with_ops.read(file) for file in files] == epochs
    assert_migrated(with_ops, {**FILES, "ops.env": "TOKEN=s3cr3t-ops\n"})


@pytest.mark.slow
def test_a_group_of_somebody_else_is_not_taken_for_the_one_that_was_interrupted(
    with_ops: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(with_ops, "stage", monkeypatch, granting)
    shutil.rmtree(with_ops.path / ".sealedfiles/keys/ops")
    push_group(with_ops, tmp_path)
    with_ops.sealedfiles("migrate", "--yes", "--plain-comments", code=4)
    assert "the group ops is new in this clone" in with_ops.stderr
    assert with_ops.blob("", "ops.env").startswith(b"\0GITCRYPT\0")


def push_group(repo: Repo, folder: Path) -> None:
    """Add a group `ops` of somebody else, which alice can read, to the working tree of *repo*."""
    mallory = repository(folder / "mallory")
    mallory.sealedfiles("init", "--no-hooks", "--name", "mallory")
    mallory.write("x.env", "A=1\n")
    mallory.sealedfiles("track", "x.env", "--group", "ops")
    alice = repo.read(".sealedfiles/recipients/alice.pub").split()[-1]
    mallory.sealedfiles("grant", "alice", alice, "--to", "ops")
    shutil.copytree(mallory.path / ".sealedfiles/keys/ops", repo.path / ".sealedfiles/keys/ops")


def test_attributes_that_are_not_in_the_working_tree_are_removed_in_git(unlocked: Repo) -> None:
    line = "*.key filter=git-crypt diff=git-crypt\n"
    unlocked.write("one/.gitattributes", line)
    unlocked.write("two/.gitattributes", line + "*.png binary\n")
    unlocked.write("two/a.key", "s3cr3t\n")
    unlocked.commit("more")
    for folder in ("one", "two"):
        (unlocked.path / folder / ".gitattributes").unlink()
    migrate(unlocked)
    assert unlocked.git("ls-files", "one") == ""
    assert unlocked.blob("", "two/.gitattributes") == b"*.png binary\n"


def test_patterns_with_a_macro_become_tracked_patterns(unlocked: Repo) -> None:
    macros = "[attr]crypt filter=git-crypt diff=git-crypt\n[attr]secret crypt -text\n"
    unlocked.write(".gitattributes", f"{macros}*.key crypt\n{ATTRIBUTES}")
    unlocked.write("ops/.gitattributes", "*.txt secret\n")
    unlocked.write("ops/a.txt", "s3cr3t-a\n")
    unlocked.commit("macros")
    assert unlocked.blob("", "ops/a.txt").startswith(b"\0GITCRYPT\0")
    migrate(unlocked)
    assert "git-crypt" not in unlocked.read(".gitattributes")
    for later in ("later.key", "ops/later.txt"):
        unlocked.write(later, "s3cr3t-later\n")
        unlocked.git("add", later)
        assert b"s3cr3t" not in unlocked.blob("", later)


def test_later_changes_are_not_overwritten_by_the_next_attempt(unlocked: Repo) -> None:
    tree = unlocked.git("write-tree").strip()
    record = f'{{"tool": "git-crypt", "tree": "{tree}"}}'
    unlocked.folder("sealedfiles-migration").write_text(record)
    unlocked.write(".env", "API_KEY=s3cr3t-newer\n")
    unlocked.git("add", ".env")
    before = unlocked.blob("", ".env")
    unlocked.sealedfiles("migrate", "--yes", code=2)
    assert ".env was changed after a migration was interrupted" in unlocked.stderr
    assert unlocked.blob("", ".env") == before


@pytest.mark.slow
def test_a_group_that_the_attributes_name_is_not_accepted_in_the_place_of_the_user(
    unlocked: Repo, tmp_path: Path
) -> None:
    repo = unlocked
    repo.sealedfiles("init", "--no-hooks")
    repo.commit("sealedfiles")
    push_group(repo, tmp_path)
    run(repo, "git-crypt", "init", "--key-name", "ops")
    repo.write(".gitattributes", repo.read(".gitattributes") + "o.env filter=git-crypt-ops\n")
    repo.write("o.env", "TOKEN=s3cr3t-ops\n")
    repo.commit("pushed")
    repo.sealedfiles("migrate", "--yes", "--plain-comments", code=4)
    assert "the group ops is new in this clone" in repo.stderr
    assert not repo.folder("sealedfiles-migration").exists()
    assert repo.blob("", "o.env").startswith(b"\0GITCRYPT\0")
    # Somebody who names it has accepted it, or chooses another one.
    report = migrate(repo, "--yes", "--group", "default")
    assert {one["group"] for one in report["files"]} == {"default"}


@pytest.mark.parametrize("rule", [("--plain",), ("--group", "ops")])
def test_an_earlier_rule_of_the_policy_does_not_decide_what_becomes_of_a_value(
    unlocked: Repo, rule: tuple[str, ...]
) -> None:
    unlocked.sealedfiles("init", "--no-hooks")
    path = "secrets/database.yaml"
    oid = unlocked.git("rev-parse", f":{path}").strip()
    unlocked.sealedfiles("track", "*.yaml", "--values", "**.password", *rule, "--force")
    unlocked.git("update-index", "--cacheinfo", f"100644,{oid},{path}")
    unlocked.git("commit", "--quiet", "-m", "an earlier rule")
    unlocked.sealedfiles("migrate", "--yes", "--plain-comments", path, code=2)
    assert "an earlier rule of the policy decides about production.password" in unlocked.stderr
    assert unlocked.blob("", path).startswith(b"\0GITCRYPT\0")
    assert not unlocked.folder("sealedfiles-migration").exists()
    if rule == ("--group", "ops"):
        migrate(unlocked, "--yes", "--group", "ops", path)
        assert b"sealed:v1:ops:" in unlocked.blob("", path)


def test_no_key_outside_of_git_s_folder_is_used_because_attributes_name_it(unlocked: Repo) -> None:
    run(unlocked, "git-crypt", "export-key", "evil")
    attributes = unlocked.read(".gitattributes")
    name = "filter=git-crypt-../../../evil"
    unlocked.write(".gitattributes", attributes.replace("filter=git-crypt", name))
    unlocked.git("update-index", "--cacheinfo", f"100644,{_oid(unlocked)},.gitattributes")
    unlocked.sealedfiles("migrate", "--yes", "--plain-comments", code=2)
    assert "../../../evil is not a name of a key of git-crypt" in unlocked.stderr


def _oid(repo: Repo) -> str:
    return repo.git("hash-object", "-w", "--no-filters", ".gitattributes").strip()


def test_a_branch_of_git_crypt_is_merged_after_the_migration(unlocked: Repo) -> None:
    """Its new file is reported by the hook, and the next migration seals it; so does one in conflict."""
    unlocked.git("checkout", "--quiet", "-b", "feature")
    unlocked.write("secrets/new.yaml", "password: s3cr3t-new\n")
    unlocked.edit("secrets/database.yaml", "s3cr3t-database", "s3cr3t-changed")
    unlocked.commit("feature")
    theirs = unlocked.read("secrets/database.yaml")
    unlocked.git("checkout", "--quiet", "-")
    migrate(unlocked)
    unlocked.sealedfiles("hook", "install")
    unlocked.git("commit", "--quiet", "-m", "migrate")
    unlocked.git("merge", "--quiet", "-m", "merge", "feature", code=1)
    unlocked.git("checkout", "--theirs", "--", "secrets/database.yaml")
    unlocked.git("add", "secrets/database.yaml")
    unlocked.git("commit", "--quiet", "-m", "merge", code=1)
    assert "secrets/new.yaml:1: encrypted with git-crypt" in unlocked.stderr
    assert "[other-tool] -> sealedfiles migrate\n" in unlocked.stderr
    assert "[sealed-before] -> sealedfiles migrate secrets/database.yaml\n" in unlocked.stderr
    assert "status --fix" not in unlocked.stderr
    migrate(unlocked, "--yes", "secrets/database.yaml")
    migrate(unlocked)
    assert_migrated(unlocked, {"secrets/new.yaml": "password: s3cr3t-new\n"})
    assert unlocked.read("secrets/database.yaml") == theirs
    assert b"sealed:v1:" in unlocked.blob("HEAD", "secrets/database.yaml")


def test_a_merged_file_of_a_named_key_is_decrypted_without_its_attributes(
    unlocked: Repo, tmp_path: Path
) -> None:
    run(unlocked, "git-crypt", "init", "--key-name", "ops")
    unlocked.write(".gitattributes", ATTRIBUTES + "ops/* filter=git-crypt-ops diff=git-crypt-ops\n")
    unlocked.write("ops/a.json", '{"token": "s3cr3t-a"}\n')
    unlocked.commit("ops")
    unlocked.git("checkout", "--quiet", "-b", "feature")
    unlocked.write("ops/b.json", '{"token": "s3cr3t-b"}\n')
    unlocked.commit("feature")
    unlocked.git("checkout", "--quiet", "-")
    migrate(unlocked)
    unlocked.git("commit", "--quiet", "-m", "migrate")
    unlocked.git("merge", "--quiet", "-m", "merge", "feature")
    key = str(tmp_path / "ops.key")
    run(unlocked, "git-crypt", "export-key", "--key-name", "ops", key)
    shutil.rmtree(unlocked.path / ".git/git-crypt")
    unlocked.sealedfiles("migrate", "--yes", code=3)
    report = migrate(unlocked, "--yes", "--key", key)
    assert [(one["path"], one["group"]) for one in report["files"]] == [("ops/b.json", "ops")]
    assert_migrated(unlocked, {"ops/b.json": '{"token": "s3cr3t-b"}\n'})

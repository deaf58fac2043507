"""`sealedfiles migrate` in a repository that is sealed: nobody without a key chooses what is in plaintext."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from migration import interrupt, migrate, repository, run
from people import Repo, commit_blob

from sealedfiles import age

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PUSHED = "db:\n    password: s3cr3t-pushed\n    zzz: s3cr3t-zzz\n"
LATER = "db:\n    password: s3cr3t-later-123456\n"


def set_up(folder: Path) -> Repo:
    """Return a repository of a reader whose public key anyone can encrypt to, also with SOPS."""
    repo = repository(folder)
    identity = age.generate_identity(post_quantum=False)
    key = repo.person.home / "key.txt"
    key.write_text(f"{identity.text}\n")
    key.chmod(0o600)
    repo = Repo(repo.person.having(SEALEDFILES_KEY_FILE=str(key)), repo.path)
    repo.sealedfiles("init", "--no-hooks")
    return repo


@pytest.fixture
def sealed(tmp_path: Path) -> Repo:
    """A repository that seals all YAML files."""
    repo = set_up(tmp_path)
    repo.sealedfiles("track", "*.yaml")
    repo.write("app.yaml", "db:\n    password: s3cr3t-old-value\n")
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "-m", "first")
    return repo


def push(repo: Repo, path: str, pattern: str = "") -> None:
    """Commit a file of SOPS as somebody without a key does, most of whose values are in plaintext."""
    key = next((repo.path / ".sealedfiles/recipients").glob("*.pub")).read_text()
    key = next(word for word in key.split() if word.startswith("age1"))
    file = repo.person.home / "pushed.yaml"
    file.write_text(PUSHED)
    made = run(
        repo,
        *("sops", "--config", "/dev/null", "encrypt", "--age", key, "--encrypted-regex", "^zzz$"),
        str(file),
    )
    index = [(path, made)]
    if pattern:
        rules = f"creation_rules:\n  - path_regex: {pattern}\n    age: {key}\n"
        index.append((".sops.yaml", rules.encode()))
    for name, data in index:
        blob = run(repo, "git", "hash-object", "-w", "--stdin", stdin=data).decode().strip()
        repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
    repo.git("commit", "--quiet", "--no-verify", "-m", "sops")
    repo.git("checkout-index", "--force", "--all")


@pytest.mark.slow
def test_rules_of_the_tool_leave_nothing_in_plaintext_that_the_policy_seals(sealed: Repo) -> None:
    policy = sealed.read(".sealedfiles/policy.yaml")
    push(sealed, "conf/x.yaml", r"^conf/.*\.yaml$")
    shown = sealed.sealedfiles("migrate", "--dry-run")
    assert "conf/x.yaml: to default, by the rules of the policy" in shown
    assert "to track, also for files that are added later\n  conf/**/*.yaml: to default\n" in shown
    assert (
        "conf/x.yaml: the policy seals values that are in plaintext now: db.password"
        in sealed.stderr
    )
    migrate(sealed, "--yes")
    stored = sealed.blob("", "conf/x.yaml")
    assert stored.count(b"sealed:v1:") == 2
    assert "plain" not in sealed.read(".sealedfiles/policy.yaml").replace(policy, "")
    sealed.write("conf/later.yaml", LATER)
    sealed.git("add", "--all")
    assert b"s3cr3t" not in sealed.blob("", "conf/later.yaml")
    sealed.git("commit", "--quiet", "-m", "migrate")
    sealed.sealedfiles("check")


@pytest.mark.slow
def test_a_file_that_was_sealed_is_migrated_only_if_the_user_names_it(sealed: Repo) -> None:
    push(sealed, "app.yaml")
    for paths in ((), (".",)):
        sealed.sealedfiles("migrate", "--yes", *paths, code=2)
        assert "app.yaml had sealed values in commit" in sealed.stderr
        assert "was replaced by a file of sops" in sealed.stderr
        assert sealed.status() == []
    migrate(sealed, "--yes", "app.yaml")
    assert sealed.read("app.yaml") == PUSHED
    assert sealed.blob("", "app.yaml").count(b"sealed:v1:") == 2


def test_rules_name_single_files_if_the_policy_seals_others(sealed: Repo) -> None:
    push(sealed, "other/x.yml", r"^other/.*\.yml$")
    report = migrate(sealed, "--yes")
    patterns = [one["pattern"] for one in report["tracked"]]
    assert patterns == ["./other/x.yml"]
    assert any("other/**/*.yml is not tracked" in one["message"] for one in report["notes"])
    assert b"s3cr3t-pushed" in sealed.blob("", "other/x.yml")
    assert b"s3cr3t-zzz" not in sealed.blob("", "other/x.yml")


def test_a_value_that_the_tool_encrypts_and_the_policy_leaves_in_plaintext_is_refused(
    sealed: Repo,
) -> None:
    sealed.sealedfiles("track", "conf/*.yaml", "--plain", "db.*")
    sealed.git("commit", "--quiet", "-m", "plain")
    push(sealed, "conf/x.yaml")
    sealed.sealedfiles("migrate", "--yes", code=2)
    assert "conf/x.yaml: an earlier rule of the policy decides about db.zzz" in sealed.stderr
    assert sealed.status() == []


@pytest.mark.slow
def test_the_group_of_the_policy_stays(sealed: Repo) -> None:
    sealed.sealedfiles("track", "conf/*.yaml", "--group", "ops")
    sealed.git("commit", "--quiet", "-m", "group")
    push(sealed, "conf/x.yaml")
    sealed.sealedfiles("migrate", "--yes", "--group", "default", code=2)
    assert "decides about db.password" in sealed.stderr
    report = migrate(sealed, "--yes", "--whole")
    assert [one["group"] for one in report["files"]] == ["ops"]
    assert sealed.blob("", "conf/x.yaml").count(b"sealed:v1:ops:") == 2


@pytest.mark.slow
def test_what_is_advised_for_a_reader_of_a_file_whose_group_the_policy_assigns(
    sealed: Repo, tmp_path: Path
) -> None:
    """--group would be refused; a new group in the policy is not."""
    bob = age.generate_identity(post_quantum=False)
    sealed.sealedfiles("track", "shared.yaml", "--group", "ops")
    sealed.write("x.yaml", "a: s3cr3t\n")
    sealed.sealedfiles("track", "x.yaml", "--group", "ops")
    sealed.commit("a group that has other values")
    key = sealed.read(".sealedfiles/recipients/alice.pub").split()[-1]
    made = run(
        *(sealed, "sops", "--config", "/dev/null", "encrypt", "--age", f"{key},{bob.recipient}"),
        *("--input-type", "yaml", "--output-type", "yaml", "--filename-override", "shared.yaml"),
        stdin=PUSHED.encode(),
    )
    commit_blob(sealed, "shared.yaml", made.decode())
    advice = "change the group of their files in .sealedfiles/policy.yaml to a new one, then: "
    assert f"can decrypt 1 of 1 files: {advice}" in sealed.sealedfiles("migrate", "--dry-run")
    grant = ("--grant", f"bob={bob.recipient}")
    sealed.sealedfiles("migrate", "--yes", *grant, code=2)
    assert advice in sealed.stderr
    sealed.sealedfiles("migrate", "--yes", "--group", "new", code=2)
    policy = sealed.read(".sealedfiles/policy.yaml")
    at = policy.index("shared.yaml", policy.index("rules:"))
    changed = policy[:at] + policy[at:].replace("ops", "with-bob", 1)
    sealed.write(".sealedfiles/policy.yaml", changed)
    sealed.sealedfiles("trust", "policy", "--yes")
    report = migrate(sealed, "--yes", *grant)
    assert [one["group"] for one in report["files"]] == ["with-bob"]
    keys = sealed.path / ".sealedfiles/keys"
    assert [*keys.glob("*/bob.age")] == [keys / "with-bob/bob.age"]


@pytest.mark.slow
def test_a_shallow_clone_is_named_because_it_hides_what_was_sealed(
    sealed: Repo, tmp_path: Path
) -> None:
    push(sealed, "app.yaml")
    shallow = sealed.person.clone(f"file://{sealed.path}", tmp_path / "shallow", "--depth=1")
    shallow.sealedfiles("unlock", "--no-hooks")
    output = shallow.sealedfiles("migrate", "--json", "--dry-run")
    assert "this clone is shallow: whether a file was sealed in an older commit" in output
    shallow.sealedfiles("migrate", "--dry-run")
    assert "hint: to compare with all commits, first run: git fetch --unshallow" in shallow.stderr


def test_patterns_of_the_tool_keep_their_rules_if_nothing_is_sealed_yet(tmp_path: Path) -> None:
    repo = set_up(tmp_path)
    repo.git("commit", "--quiet", "-m", "init")
    push(repo, "conf/x.yaml", r"^conf/.*\.yaml$")
    shown = repo.sealedfiles("migrate", "--dry-run")
    assert "conf/**/*.yaml: to default; in plaintext: all values except **.zzz.**\n" in shown


@pytest.mark.slow
def test_a_partial_clone_fetches_the_versions_that_were_sealed(
    sealed: Repo, tmp_path: Path
) -> None:
    push(sealed, "app.yaml")
    sealed.git("config", "uploadpack.allowFilter", "true")
    partial = sealed.person.clone(sealed, tmp_path / "partial", "--filter=blob:none", "--no-local")
    partial.sealedfiles("unlock", "--no-hooks")
    partial.sealedfiles("migrate", "--yes", code=2)
    assert "app.yaml had sealed values in commit" in partial.stderr


@pytest.mark.slow
@pytest.mark.many_variants
@pytest.mark.parametrize("step", ["remove_from_git", "track", "refresh", "_verified"])
def test_an_interrupted_migration_finds_its_own_rules(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = set_up(tmp_path)
    repo.git("commit", "--quiet", "-m", "init")
    push(repo, "conf/x.yaml", r"^conf/.*\.yaml$")
    push(repo, "app.yml", r"^conf/.*\.yaml$")
    interrupt(repo, step, monkeypatch)
    messages = [one["message"] for one in migrate(repo, "--yes")["notes"]]
    assert not [one for one in messages if "not tracked" in one or "the policy seals" in one]
    policy = repo.read(".sealedfiles/policy.yaml")
    assert "tracked:\n  - conf/**/*.yaml\n  - /app.yml\n" in policy
    assert policy.count("plain: true") == 1
    for path in ("conf/x.yaml", "app.yml"):
        assert repo.read(path) == PUSHED
        assert repo.blob("", path).count(b"sealed:v1:") == 1
    repo.git("commit", "--quiet", "-m", "migrate")
    repo.sealedfiles("check")

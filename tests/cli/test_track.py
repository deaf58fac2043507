"""`sealedfiles track` and `untrack`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, SECRET, YAML, Person, Repo, assert_clean, groups, program, tokens

from sealedfiles.model.policy import parse_policy
from sealedfiles.model.wildmatch import FilePattern

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World


@pytest.fixture(scope="module")
def ready_once(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    base = tmp_path_factory.mktemp("ready")
    repo = Person.at(base / "alice").repository(base / "my app")
    repo.sealedfiles("init", "--name", "alice")
    repo.git("commit", "--quiet", "--message", "set up")
    return repo


@pytest.fixture
def ready(ready_once: Repo, tmp_path: Path) -> Repo:
    """A repository that is set up, at a path that needs quoting."""
    return ready_once.copy(tmp_path / "Größe & Co" / "my app")


def test_track_writes_attributes_and_stages_them(ready: Repo) -> None:
    ready.sealedfiles("track", "*.env", "my secrets/*.yaml")
    text = ready.read(".gitattributes")
    assert "*.env filter=sealedfiles diff=sealedfiles merge=sealedfiles -text\n" in text
    assert '"my secrets/*.yaml" filter=sealedfiles' in text
    assert ready.status() == [
        "A  .gitattributes",
        "M  .sealedfiles/policy.proof",
        "M  .sealedfiles/policy.yaml",
    ]


def test_track_twice_adds_nothing(ready: Repo) -> None:
    ready.sealedfiles("track", "*.env")
    before = ready.read(".gitattributes")
    ready.sealedfiles("track", "*.env")
    assert ready.read(".gitattributes") == before


def test_existing_files_are_sealed_immediately(ready: Repo) -> None:
    ready.write(ENV, FILES[ENV])
    ready.commit("before anybody thought of it")
    before = ready.head()
    ready.sealedfiles("track", "*.env")
    assert "history" in ready.stderr
    assert f"in plaintext in commit {before[:10]}: " in ready.stderr
    assert "DB_PASSWORD" in ready.stderr
    assert SECRET.encode() not in ready.blob("", ENV)
    assert ready.read(ENV) == FILES[ENV]
    ready.git("commit", "--quiet", "--message", "sealed")
    assert_clean(ready)


def test_values_of_a_group_move_and_no_other_token_changes(ready: Repo) -> None:
    ready.write(YAML, FILES[YAML])
    ready.sealedfiles("track", "secrets/**")
    ready.commit("all in one group")
    before = ready.tokens("HEAD", YAML)
    move = ["track", "secrets/**", "--values", "api.**", "--group", "production"]
    ready.sealedfiles(*move, code=2)
    assert f"{YAML}: api." in ready.stderr
    key = before[0].split(":")[3]
    assert f"api.token: default (key {key}) -> production" in ready.stderr
    assert ready.tokens("", YAML) == before
    ready.sealedfiles(*move, "--yes")
    after = ready.tokens("", YAML)
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 3
    assert {next(iter(groups(token))) for token in changed} == {"production"}
    ready.git("commit", "--quiet", "--message", "moved")
    assert_clean(ready)


@pytest.mark.slow
def test_a_value_under_a_retired_key_is_named_and_asked_about(team: tuple[Repo, Repo]) -> None:
    """A removed reader may have written it; under another group's key it would look like everybody's."""
    alice, bob = team
    alice.sealedfiles("revoke", "bob")
    alice.commit("bob left")
    retired = bob.tokens("HEAD", YAML)[0].split(":")[3]
    bob.edit(YAML, "db-alpha", "db-bob")
    bob.commit("from bob")
    alice.git("pull", "--quiet", "--no-rebase", str(bob.path), "main")
    before = alice.tokens("", YAML)
    move = ["track", YAML, "--values", "database.**", "--group", "production"]
    alice.sealedfiles(*move, code=2)
    assert (
        f"{YAML}: database.password: default (retired key {retired}) -> production" in alice.stderr
    )
    assert f"{YAML}: database.user: default (key " in alice.stderr
    assert "1 value under a retired key" in alice.stderr
    assert alice.tokens("", YAML) == before
    alice.sealedfiles(*move, answers="n\n", code=2)
    assert "nothing was changed" in alice.stderr
    assert alice.tokens("", YAML) == before
    assert "database.**" not in alice.read(".sealedfiles/policy.yaml")
    alice.sealedfiles(*move, answers="y\ny\n")
    assert len(set(before) - set(alice.tokens("", YAML))) == 2
    assert retired not in {token.split(":")[3] for token in alice.tokens("", YAML)}


def test_items_and_comments_that_change_readers_are_named(ready: Repo) -> None:
    ready.write(
        "a.yaml", "l:\n  - s3cr3t-one\n  - s3cr3t-two\n# pin: s3cr3t-three\nz: s3cr3t-four\n"
    )
    ready.sealedfiles("track", "a.yaml")
    ready.commit("sealed")
    move = ["track", "a.yaml", "--group", "production"]
    ready.sealedfiles(*move, code=2)
    assert "4 sealed values would change readers" in ready.stderr
    assert ready.stderr.count("a.yaml: l[]: default (key ") == 2
    assert "a.yaml: comment in line 4: default (key " in ready.stderr
    assert SECRET not in ready.stderr


def test_the_groups_of_every_layer_are_compared(ready: Repo) -> None:
    """The outer token of a file sealed whole shows only the last of its groups."""
    rules = ["--format", "whole", "--values"]
    ready.write("a.yaml", "a: s3cr3t\n")
    ready.sealedfiles("track", "a.yaml", *rules, "a", "--group", "alpha")
    ready.sealedfiles("track", "a.yaml", *rules, "b", "--group", "production")
    ready.commit("sealed whole")
    assert groups(ready.blob("", "a.yaml").decode()) == {"production"}
    ready.sealedfiles("track", "a.yaml", "--group", "production", code=2)
    assert "a.yaml: production+" in ready.stderr
    assert ") -> production" in ready.stderr


def test_values_that_another_format_gives_to_other_readers_are_named(ready: Repo) -> None:
    """Sealed whole, the file has one token, which cannot be matched to values by position."""
    ready.write("a.yaml", "a: s3cr3t-one\nb: s3cr3t-two\n")
    ready.sealedfiles("track", "a.yaml", "--values", "b", "--group", "production")
    ready.commit("two groups")
    before = ready.blob("", "a.yaml")
    ready.sealedfiles("track", "a.yaml", "--format", "whole", "--group", "production", code=2)
    assert "a.yaml: a: default (key " in ready.stderr
    assert "a.yaml: b: " not in ready.stderr
    assert ") -> production" in ready.stderr
    assert ready.blob("", "a.yaml") == before


def test_track_plain_unseals_but_a_changed_policy_alone_does_not(ready: Repo) -> None:
    ready.write(ENV, "NAME=orders\nPASSWORD=s3cr3t\n")
    ready.sealedfiles("track", "*.env")
    ready.commit("sealed")
    policy = "version: 1\nrules:\n  - files: '*.env'\n    plain: true\n"
    ready.write(".sealedfiles/policy.yaml", policy)
    ready.write(ENV, "NAME=other\nPASSWORD=s3cr3t-2\n")
    ready.git("add", "-A", code=128)
    assert "sealedfiles trust policy" in ready.stderr
    assert len(tokens(ready.blob("", ENV).decode())) == 2
    ready.git("reset", "--hard", "--quiet")
    ready.sealedfiles("track", "*.env", "--values", "NAME", "--plain", "--yes")
    blob = ready.blob("", ENV).decode()
    assert blob.startswith("NAME=orders\nPASSWORD=sealed:")
    assert_clean_after_commit(ready)


def assert_clean_after_commit(repo: Repo) -> None:
    repo.git("commit", "--quiet", "--message", "next")
    assert_clean(repo)


def test_comments_of_the_policy_survive(ready: Repo) -> None:
    ready.sealedfiles("track", "*.env", "--values", "PORT", "--plain")
    text = ready.read(".sealedfiles/policy.yaml").replace("plain:", "# nobody minds\n    plain:")
    ready.write(".sealedfiles/policy.yaml", text)
    ready.sealedfiles("trust", "policy", "--yes")
    ready.sealedfiles("track", "a/**", "--group", "production")
    assert "# nobody minds" in ready.read(".sealedfiles/policy.yaml")
    assert "# Which values go to which group" in ready.read(".sealedfiles/policy.yaml")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["!*.env"], "negative"),
        (["*.env", "--values", "a..b"], "a..b"),
        (["*.env", "--plain", "--group", "g"], "exclude each other"),
        (["*.env", "--group", "No"], "No"),
        (["*.env", "--format", "csv"], "csv"),
    ],
)
def test_contradictory_options_are_refused(ready: Repo, arguments: list[str], word: str) -> None:
    ready.sealedfiles("track", *arguments, code=2)
    assert word in ready.stderr
    assert not (ready.path / ".gitattributes").exists()


def test_a_policy_that_cannot_be_read_is_left_alone(ready: Repo) -> None:
    ready.write(".sealedfiles/policy.yaml", "version: 1\nrulez: []\n")
    ready.sealedfiles("track", "*.env", "--plain", code=1)
    assert "policy.yaml:2" in ready.stderr
    assert ready.read(".sealedfiles/policy.yaml") == "version: 1\nrulez: []\n"


def test_files_that_other_programs_read_are_named(ready: Repo) -> None:
    ready.write("package.json", '{"name": "x"}\n')
    ready.git("add", "-A")
    ready.sealedfiles("track", "*.json")
    assert "package.json matches too" in ready.stderr


def test_a_file_in_which_no_values_can_be_found_is_named(ready: Repo) -> None:
    ready.write("chart.yaml", "name: {{ .Values.name }}\n")
    ready.git("add", "-A")
    ready.sealedfiles("track", "*.yaml")
    assert "chart.yaml:1: sealed whole: a collection is a mapping key" in ready.stderr
    assert "sealedfiles track chart.yaml --format whole" in ready.stderr
    assert len(ready.tokens("", "chart.yaml")) == 1


def test_untrack_stages_plaintext_and_says_so(ready: Repo) -> None:
    ready.write(ENV, FILES[ENV])
    ready.sealedfiles("track", "*.env", "--values", "APP_*", "--plain")
    ready.commit("sealed")
    ready.sealedfiles("untrack", "*.env")
    assert "plaintext" in ready.stderr
    assert ready.blob("", ENV).decode() == FILES[ENV]
    assert "*.env" not in ready.read(".gitattributes")
    assert "*.env" not in ready.read(".sealedfiles/policy.yaml")
    assert_clean_after_commit(ready)


def test_untrack_names_the_rules_that_it_removes(ready: Repo) -> None:
    ready.write("a.yaml", "a: s3cr3t\nb: s3cr3t-plain\n")
    ready.sealedfiles("track", "a.yaml", "--values", "b", "--plain")
    ready.sealedfiles("untrack", "a.yaml")
    assert "this rule was removed from the policy: files: a.yaml, plain: " in ready.stderr
    assert "values: b" in ready.stderr


@pytest.mark.slow
def test_untracked_files_pass_the_hooks_and_nothing_else_does(ready: Repo) -> None:
    """The policy lists the files, for others to review; no edit by hand and no --no-verify is needed."""
    ready.git("config", "sealedfiles.hooks", "true")
    ready.sealedfiles("hook", "install")
    ready.write("a.env", "A=s3cr3t-one-12345678\n")
    ready.write("c.env", "OTHER=s3cr3t-one-12345678\n")  # the same value
    ready.write("sub/b.env", "B=s3cr3t-two-12345678\n")
    ready.sealedfiles("track", "*.env", "sub/**")
    ready.commit("sealed")
    ready.sealedfiles("untrack", "*.env", "--reason", "test data")
    assert "recorded as `allow`" in ready.stderr
    assert "still sealed, because other tracked patterns match: 1 file" in ready.stderr
    allow = parse_policy(ready.read(".sealedfiles/policy.yaml").encode()).allows
    assert [(one.words, one.reason) for one in allow] == [
        (("files: ['/a.env', '/c.env']", "finding: ['sealed-before']"), "test data")
    ]
    assert b"s3cr3t" not in ready.blob("", "sub/b.env"), "another pattern still tracks it"
    ready.git("commit", "--quiet", "--message", "test data only")
    ready.sealedfiles("check", "--all")
    # A copy of a value that is still sealed is refused as before.
    ready.write("c.env", "OTHER=s3cr3t-two-12345678\n")
    ready.git("add", "c.env")
    ready.git("commit", "--quiet", "--message", "a copy", code=1)
    assert "repeats the sealed value B of sub/b.env" in ready.stderr
    ready.git("reset", "--quiet", "--hard")
    # Sealed again, the file is as protected as before.
    ready.sealedfiles("track", "a.env", "--yes")
    (left,) = parse_policy(ready.read(".sealedfiles/policy.yaml").encode()).allows
    assert left.words[0] == "files: ['/c.env']"
    ready.git("commit", "--quiet", "--message", "sealed again")
    oid = ready.git("hash-object", "-w", "--no-filters", "a.env").strip()
    policy = ready.read(".sealedfiles/policy.yaml")
    ready.write(".sealedfiles/policy.yaml", policy.replace("  - a.env\n", ""))
    ready.git("update-index", "--cacheinfo", f"100644,{oid},a.env")
    ready.git("add", ".sealedfiles")
    assert "[sealed-before]" in ready.sealedfiles("check", code=1)


def test_untrack_leaves_files_sealed_that_only_attributes_in_a_folder_seal(ready: Repo) -> None:
    line = "*.env filter=sealedfiles diff=sealedfiles merge=sealedfiles -text\n"
    ready.write("sub/.gitattributes", line)
    ready.sealedfiles("track", "/a.env")
    for name in ("a.env", "sub/b.env"):
        ready.write(name, "A=s3cr3t\n")
    ready.commit("sealed")
    ready.sealedfiles("untrack", "/a.env")
    assert b"s3cr3t" in ready.blob("", "a.env")
    assert b"s3cr3t" not in ready.blob("", "sub/b.env")


def test_untrack_allows_also_what_a_killed_run_has_staged(ready: Repo) -> None:
    ready.write("a.env", "A=s3cr3t\n")
    ready.sealedfiles("track", "*.env")
    ready.commit("sealed")
    before = ready.read_bytes(".sealedfiles/policy.yaml")
    ready.sealedfiles("untrack", "*.env")
    after = ready.read_bytes(".sealedfiles/policy.yaml")
    # As if it had been killed after writing the index.
    ready.git("checkout", "--quiet", "HEAD", "--", ".sealedfiles", ".gitattributes")
    assert ready.read_bytes(".sealedfiles/policy.yaml") == before
    ready.sealedfiles("trust", "policy", "--yes")
    ready.sealedfiles("untrack", "*.env")
    assert ready.read_bytes(".sealedfiles/policy.yaml") == after


def test_untrack_needs_a_reason_that_says_something(ready: Repo) -> None:
    ready.sealedfiles("track", "*.env")
    ready.sealedfiles("untrack", "*.env", "--reason", " ", code=2)
    assert "*.env" in ready.read(".gitattributes")


def test_untrack_leaves_local_changes_unstaged(ready: Repo) -> None:
    ready.write(ENV, FILES[ENV])
    ready.sealedfiles("track", "*.env")
    ready.commit("sealed")
    ready.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-new")
    ready.sealedfiles("untrack", "*.env")
    assert ready.blob("", ENV).decode() == FILES[ENV]
    assert f"MM {ENV}" in ready.status()


def test_untrack_refuses_where_a_value_cannot_be_opened(world: World, tmp_path: Path) -> None:
    clone = world.copy("bob", tmp_path / "bob's")
    before = clone.read(".gitattributes")
    clone.sealedfiles("untrack", "*.env", code=2)
    assert clone.read(".gitattributes") == before
    assert_clean(clone)


def test_untrack_of_what_was_never_tracked_is_refused(ready: Repo) -> None:
    ready.sealedfiles("untrack", "*.env", code=2)


@pytest.mark.many_variants
@pytest.mark.parametrize(
    ("folder", "argument", "pattern"),
    [
        (".", "secrets", "secrets/**"),
        (".", "secrets/", "secrets/**"),
        (".", "./secrets/app.yaml", "secrets/app.yaml"),
        (".", "./[id].json", "/\\[id].json"),
        (".", "[id].json", "\\[id].json"),
        (".", "back\\slash.yaml", "back\\\\slash.yaml"),
        (".", "tab\there.yaml", "tab\there.yaml"),
        (".", "!important.yaml", "\\!important.yaml"),
        (".", "*.env", "*.env"),
        (".", "/secrets/*.yaml", "/secrets/*.yaml"),
        (".", ".", "**"),
        ("sub", "secrets/app.yaml", "sub/secrets/app.yaml"),
        ("sub", "../secrets/app.yaml", "secrets/app.yaml"),
        ("sub", "*.env", "sub/**/*.env"),
        ("sub", ".", "sub/**"),
    ],
)
def test_a_pattern_is_normalized_to_the_top_folder(
    ready: Repo, folder: str, argument: str, pattern: str
) -> None:
    names = ["[id].json", "back\\slash.yaml", "tab\there.yaml", "!important.yaml"]
    for name in ["secrets/app.yaml", "sub/secrets/app.yaml", "sub/a.env", "a.env", *names]:
        ready.write(
            name, '{"password": "s3cr3t"}\n' if name.endswith("json") else "password: s3cr3t\n"
        )
    said = track_in(ready, folder, argument)
    tracked = parse_policy(ready.read(".sealedfiles/policy.yaml").encode()).tracked
    assert tracked == (pattern,)
    out = ready.git("ls-files", "-z", "--others")
    names = [name for name in out.split("\0")[:-1] if FilePattern(pattern).matches(name)]
    assert names
    assert f"{len(names)} file" in said
    ready.git("add", "-A")
    for name in names:
        assert b"s3cr3t" not in ready.blob("", name)


def track_in(repo: Repo, folder: str, argument: str) -> str:
    return repo.person.run([*program(), "track", argument], repo.path / folder, "", 0)[1]


@pytest.mark.parametrize(
    ("argument", "word"),
    [
        ("../outside.yaml", "outside"),
        ("/etc/passwd", "not in the working tree"),
        (".gitattributes", "never sealed"),
        (".sealedfiles/policy.yaml", "never sealed"),
        ("submodule", "another repository"),
        ("bad\udcff.x", "is not UTF-8"),
    ],
)
def test_what_cannot_be_sealed_is_refused(ready: Repo, argument: str, word: str) -> None:
    ready.git("init", "--quiet", "submodule")
    ready.sealedfiles("track", argument, code=2)
    assert word in ready.stderr
    assert not (ready.path / ".gitattributes").exists()


def test_a_pattern_that_matches_nothing_and_an_ignored_file_are_warned_of(ready: Repo) -> None:
    ready.write(".gitignore", "local.env\n")
    ready.write("local.env", "A=1\n")
    ready.sealedfiles("track", "none/*.yaml", "*.env")
    assert "'none/*.yaml' matches no file" in ready.stderr
    assert "local.env is ignored by git" in ready.stderr


@pytest.mark.parametrize(
    ("name", "hint"), [("lfs", "--force"), ("git-crypt", "migrate"), ("crypt-ci", "migrate")]
)
def test_a_file_of_another_filter_is_refused_without_force(
    ready: Repo, name: str, hint: str
) -> None:
    ready.write(".gitattributes", f"*.env filter={name} diff={name}\n")
    ready.write(ENV, "A=s3cr3t\n")
    ready.sealedfiles("track", "*.env", code=2)
    assert f"another filter, {name};" in ready.stderr
    assert hint in ready.stderr
    assert "*.env filter=sealedfiles" not in ready.read(".gitattributes")
    ready.sealedfiles("track", "*.env", "--force")
    ready.git("add", ENV)
    assert b"sealed:v1:" in ready.blob("", ENV)


def test_names_that_begin_with_git_are_sealed(ready: Repo) -> None:
    ready.write(".gitlab.env", "TOKEN=s3cr3t\n")
    ready.sealedfiles("track", "*.env")
    ready.git("add", "-A")
    assert b"s3cr3t" not in ready.blob("", ".gitlab.env")


def test_the_folder_s_own_files_are_never_listed(ready: Repo) -> None:
    ready.sealedfiles("track", "*.yaml")
    ready.git("commit", "--quiet", "--message", "all YAML")
    ready.sealedfiles("status")
    ready.sealedfiles("doctor")
    assert "policy.yaml" not in ready.stderr


def test_track_outside_of_git_is_refused(alice: Person) -> None:
    (alice.home / ".sealedfiles").mkdir()
    alice.run([*program(), "track", "*.env"], alice.home, code=2)


def test_nothing_is_tracked_where_git_has_no_filter(repo: Repo) -> None:
    """`init` may have been killed before it configured the filter: git would store tracked files in
    plaintext."""
    repo.git("config", "--remove-section", "filter.sealedfiles")
    before = repo.read(".sealedfiles/policy.yaml")
    repo.sealedfiles("track", "late/*.env", code=1)
    assert "git would store plaintext" in repo.stderr
    assert "sealedfiles unlock" in repo.stderr
    assert repo.read(".sealedfiles/policy.yaml") == before


SECRET_FILE = """\
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: s3cr3t-k8s}
"""


def test_a_preset_leaves_in_plaintext_what_is_not_secret(ready: Repo) -> None:
    ready.write("k8s/db.yaml", SECRET_FILE)
    ready.sealedfiles("track", "k8s/*.yaml", "--preset", "kubernetes", "--group", "production")
    ready.commit("sealed")
    text = ready.blob("HEAD", "k8s/db.yaml").decode()
    assert text.startswith(SECRET_FILE.partition("password: ")[0])
    assert groups(text) == {"production"}
    assert SECRET not in text
    before = ready.read(".sealedfiles/policy.yaml")
    ready.sealedfiles("track", "k8s/*.yaml", "--preset", "kubernetes", "--group", "production")
    assert ready.read(".sealedfiles/policy.yaml") == before
    assert_clean(ready)


def test_of_a_workflow_only_the_secrets_that_it_holds_are_sealed(ready: Repo) -> None:
    text = (
        "on: push\nenv:\n  LEVEL: 1\n  TOKEN: ${{ secrets.TOKEN }}\n  API_KEY: s3cr3t-0123456789\n"
    )
    ready.write(".github/workflows/ci.yml", text)
    ready.git("add", ".")
    ready.sealedfiles("track", ".github/workflows/*.yml", "--preset", "github-actions")
    assert "GitHub reads this file from git, and finds tokens there" in ready.stderr
    found = ready.blob("", ".github/workflows/ci.yml").decode()
    assert found.startswith(text.partition("s3cr3t")[0])
    assert SECRET not in found
    assert "values: env.API_KEY" in ready.read(".sealedfiles/policy.yaml")


@pytest.mark.parametrize("option", [["--plain"], ["--values", "a"], ["--format", "json"]])
def test_a_preset_has_its_own_rules(ready: Repo, option: list[str]) -> None:
    ready.sealedfiles("track", "a.yaml", "--preset", "helm", *option, code=2)
    assert "--preset excludes" in ready.stderr


def test_the_patterns_are_listed_with_their_files(ready: Repo) -> None:
    ready.sealedfiles("track")
    assert "no patterns are tracked" in ready.stderr
    assert json.loads(ready.sealedfiles("track", "--json")) == {"version": 1, "patterns": []}
    ready.write(".gitignore", "local.env\n")
    for name in ("a.env", "sub/b.env", "local.env"):
        ready.write(name, "A=s3cr3t\n")
    ready.sealedfiles("track", "*.env", "none/*", "sub/**")
    ready.git("add", "--", "a.env")
    assert ready.sealedfiles("track").split("\n") == [
        "*.env   1 file, 1 not in git",
        "none/*  0 files",
        "sub/**  0 files, 1 not in git",
        "",
    ]
    run = [*program(), "track", "--json"]  # counts are those of the whole work tree
    assert json.loads(ready.person.run(run, ready.path / "sub")[0])["patterns"] == [
        {"pattern": "*.env", "files": 1, "new": 1},
        {"pattern": "none/*", "files": 0, "new": 0},
        {"pattern": "sub/**", "files": 0, "new": 1},
    ]


def test_the_patterns_of_a_changed_policy_are_not_listed_as_tracked(ready: Repo) -> None:
    ready.sealedfiles("track", "*.env")
    policy = ready.read(".sealedfiles/policy.yaml").replace('"*.env"', "other/*")
    assert "other/*" in policy
    ready.write(".sealedfiles/policy.yaml", policy)
    assert ready.sealedfiles("track") == "*.env  0 files\n"
    assert "sealedfiles trust policy" in ready.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--plain"], "need a PATTERN"),
        (["--dry-run"], "need a PATTERN"),
        (["*.env", "--json"], "takes no PATTERN"),
    ],
)
def test_options_of_the_list_and_of_patterns_are_not_mixed(
    ready: Repo, arguments: list[str], word: str
) -> None:
    ready.sealedfiles("track", *arguments, code=2)
    assert word in ready.stderr


def state_of(repo: Repo) -> dict[str, bytes]:
    """Return every file of the repository: the work tree, the index, and what the clone remembers.

    Except for the memo of which commits were searched, which is added to by every command.
    """
    files = (file for file in repo.path.rglob("*") if file.is_file() and file.name != "looked-at")
    return {str(file.relative_to(repo.path)): file.read_bytes() for file in files}


def test_a_dry_run_names_what_would_be_sealed_and_changes_nothing(ready: Repo) -> None:
    ready.write(YAML, FILES[YAML])
    ready.write("new.yaml", "a: s3cr3t-new\n")
    ready.git("add", YAML)
    ready.git("commit", "--quiet", "--message", "in plaintext")
    head, before = ready.head(), state_of(ready)
    ready.sealedfiles("track", "*.yaml", "--values", "api.**", "--group", "production", "--dry-run")
    assert state_of(ready) == before
    assert "would create the group production" in ready.stderr
    assert "would track '*.yaml': 2 files" in ready.stderr
    assert f"{YAML}: would be re-encrypted in the index" in ready.stderr
    assert f"in plaintext in commit {head[:10]}" in ready.stderr
    assert SECRET not in ready.stderr


def test_a_dry_run_names_the_values_that_change_readers_or_become_plaintext(ready: Repo) -> None:
    ready.write(YAML, FILES[YAML])
    ready.sealedfiles("track", "secrets/**")
    ready.commit("all in one group")
    before = state_of(ready)
    ready.sealedfiles("track", YAML, "--values", "api.**", "--group", "ops", "--dry-run")
    assert "3 sealed values would change readers:" in ready.stderr
    assert re.search(rf"{YAML}: api\.token: default \(key \w{{16}}\) -> ops\n", ready.stderr)
    ready.sealedfiles("track", YAML, "--values", "service.name", "--plain", "--dry-run")
    assert "service.name: default" in ready.stderr
    assert "values of 1 file would be in plaintext" in ready.stderr
    assert state_of(ready) == before


def test_a_dry_run_does_not_accept_a_group_that_is_new_here(team: tuple[Repo, Repo]) -> None:
    """Somebody with push access can add a group; the real command accepts it because it is named."""
    alice, bob = team
    alice.sealedfiles("grant", "bob", "--to", "late")
    alice.commit("a group for both")
    bob.git("pull", "--quiet", "--no-rebase", str(alice.path), "main")
    before = state_of(bob)
    bob.sealedfiles("track", YAML, "--values", "cache.**", "--group", "late", "--dry-run")
    assert "would accept the group late, which is new in this clone" in bob.stderr
    assert "created in " in bob.stderr
    assert f"{YAML}: cache.url: default (key " in bob.stderr
    assert state_of(bob) == before


@pytest.mark.slow
def test_a_group_is_created_after_the_questions(ready: Repo) -> None:
    """If nobody agrees, "nothing was changed" is true, also of a policy without its tracked patterns."""
    ready.write(YAML, FILES[YAML])
    ready.sealedfiles("track", YAML)
    ready.commit("all in one group")
    policy = ready.read(".sealedfiles/policy.yaml")
    ready.write(".sealedfiles/policy.yaml", policy[: policy.index("tracked:")])
    ready.sealedfiles("trust", "policy", "--yes")
    ready.commit("as an older version wrote it")
    before, known = state_of(ready), ready.read(".sealedfiles/policy.yaml")
    move = ["track", YAML, "--values", "api", "--group", "ops"]
    ready.sealedfiles(*move, code=2)
    assert "nothing was changed" in ready.stderr
    assert "created the group" not in ready.stderr
    assert state_of(ready) == before
    assert ready.read(".sealedfiles/policy.yaml") == known
    ready.sealedfiles(*move, "--yes")
    assert ready.stderr.count("created the group ops") == 1
    assert set(groups(ready.blob("", YAML).decode())) == {"default", "ops"}
    assert set(parse_policy(ready.read_bytes(".sealedfiles/policy.yaml")).tracked or ()) == {YAML}
    ready.git("commit", "--quiet", "--message", "moved")
    assert_clean(ready)


YAML_LISTS = "db: {host: h, password: p}\nlist: [a, b]\nbase: {<<: {host: h}}\n"
IDLE = "matches no value of 1 file, so nothing was left in plaintext for it\n"


@pytest.mark.parametrize(
    ("file", "text", "pattern", "hint"),
    [
        ("c.yaml", YAML_LISTS, "db", "for all values below it: --values 'db.**'"),
        ("c.yaml", YAML_LISTS, "list", "for the items of the list: --values 'list[]'"),
        ("c.yaml", YAML_LISTS, "DB.Host", "as the file spells it: --values db.host"),
        ("c.ini", "[DB]\nHost = h\n", "db.host", "as the file spells it: --values DB.Host"),
        ("c.yaml", YAML_LISTS, "nothing", ""),
        ("c.yaml", YAML_LISTS, "db.**", None),
    ],
)
def test_a_plain_rule_that_matches_no_value_is_warned_of(
    ready: Repo, file: str, text: str, pattern: str, hint: str | None
) -> None:
    ready.write(file, text)
    ready.sealedfiles("track", file, "--values", pattern, "--plain")
    assert (f"`{pattern}` {IDLE}" in ready.stderr) == (hint is not None)
    assert (hint or "") in ready.stderr
    assert ("hint: " in ready.stderr) == bool(hint)


@pytest.mark.parametrize(
    ("file", "text", "pattern", "hint"),
    [
        ("c.yaml", YAML_LISTS, "databse.**", ""),
        ("c.yaml", YAML_LISTS, "DB.Host", "as the file spells it: --values db.host"),
        ("c.yaml", YAML_LISTS, "db", None),
        ("c.yaml", YAML_LISTS, "list", None),
        ("c.yaml", YAML_LISTS, "base.host", None),
        ("c.ini", "[DB]\nHost = h\n", "db.host", None),
    ],
)
def test_a_rule_that_seals_no_value_to_its_group_is_warned_of(
    ready: Repo, file: str, text: str, pattern: str, hint: str | None
) -> None:
    ready.write(file, text)
    ready.sealedfiles("track", file, "--values", pattern, "--group", "ops")
    warning = f"`{pattern}` matches no value of 1 file, so nothing is sealed to ops for it\n"
    assert (warning in ready.stderr) == (hint is not None)
    assert (hint or "") in ready.stderr


def test_a_plain_rule_behind_one_that_seals_is_warned_of(ready: Repo) -> None:
    ready.write("c.yaml", YAML_LISTS)
    ready.sealedfiles("track", "*.yaml", "--group", "default")
    ready.sealedfiles("track", "c.yaml", "--plain")
    assert "all values stay sealed: an earlier rule of the policy seals them\n" in ready.stderr
    line = re.search(r"\.sealedfiles/policy\.yaml:(\d+)", ready.stderr)
    assert line
    assert "*.yaml" in ready.read(".sealedfiles/policy.yaml").split("\n")[int(line[1]) - 1]
    ready.sealedfiles("track", "c.yaml", "--values", "db.**", "--plain")
    assert "stay sealed" not in ready.stderr


def test_a_plain_rule_for_one_path_of_a_merged_value_is_warned_of(ready: Repo) -> None:
    ready.write("c.yaml", YAML_LISTS)
    ready.sealedfiles("track", "c.yaml", "--values", "base.host", "--plain")
    assert "all values that `base.host` matches stay sealed: they are below a merge" in ready.stderr
    both = ["--values", "base.host", "--values", "base.<<.host"]
    assert "hint: match both paths: --values base.host --values 'base.<<.host'\n" in ready.stderr
    ready.sealedfiles("track", "c.yaml", *both, "--plain")
    assert "stay sealed" not in ready.stderr


@pytest.mark.slow
def test_the_fix_of_a_value_in_plaintext_keeps_other_edits(ready: Repo) -> None:
    ready.write(YAML, FILES[YAML])
    ready.sealedfiles("track", YAML)
    ready.commit("sealed")
    ready.sealedfiles("track", YAML, "--values", "api.token", "--plain", "--yes")
    edited = FILES[YAML] + "more: typed-just-now\n"
    ready.write(YAML, edited)
    found = json.loads(ready.sealedfiles("check", "--staged", "--json", code=1))
    fix = found["findings"][0]["fix"]
    assert fix == f"sealedfiles track {YAML} --values api.token --group default"
    ready.sealedfiles(*fix.split()[1:], "--yes")
    assert ready.read(YAML) == edited
    ready.sealedfiles("check", "--staged")
    assert SECRET.encode() not in ready.blob("", YAML)

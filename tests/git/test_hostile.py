"""More attacks by push, on readers who view tokens, run commands, or wait.

Each attack is reported on stderr, `cat` and `unseal` exit with status 4, and the rest of the file stays
usable.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    JSON,
    SECRET,
    YAML,
    Person,
    Repo,
    assert_clean,
    assert_no_plaintext,
    program,
    tokens,
)

from sealedfiles.keys.keyfile import parse_key_line
from sealedfiles.model.paths import ITEM, key_step
from sealedfiles.model.token import COMMENT, VALUE, FileKey, file_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.many_variants

needs_symlinks = pytest.mark.skipif(sys.platform == "win32", reason="symlinks need rights there")


@pytest.fixture
def mallory(origin: Path, tmp_path: Path) -> Repo:
    return Person.at(tmp_path / "mallory").clone(origin, tmp_path / "mallory's")


@pytest.fixture
def alice(team: tuple[Repo, Repo]) -> Repo:
    return team[0]


def push(mallory: Repo, alice: Repo) -> str:
    """Commit and push Mallory's changes, and pull them as Alice; return Alice's stderr."""
    mallory.commit("a small fix")
    mallory.git("push", "--quiet", "origin", "main")
    alice.git("pull", "--quiet")
    return alice.stderr


def minted(alice: Repo, path: str, key_path: bytes, literal: str, kind: int = VALUE) -> str:
    """Return a token for any literal that a malicious reader created with the real key."""
    lines = alice.folder("sealedfiles/keys").read_text().split("\n")
    secret = next(parse_key_line(line[8:]).secret for line in lines if line.startswith("default "))
    key = FileKey("default", secret, file_id(path.encode()))
    return key.seal(kind, 0, key.path_tag(key_path), literal.encode())


def assert_seen_by_commands(repo: Repo, path: str, *places: str) -> None:
    """Check that `cat` and `unseal` report the token that stays sealed, exit with 4, and write nothing
    else."""
    shown = repo.read_bytes(path)
    assert repo.raw(*program(), "cat", path, code=4) == shown
    said = [repo.stderr]
    repo.sealedfiles("unseal", path, code=4)
    said.append(repo.stderr)
    assert repo.read_bytes(path) == shown
    for text in said:
        for place in places:
            assert f"{path}:{place}" in text
        assert SECRET not in text


def assert_still_in_use(repo: Repo, path: str) -> None:
    """Check that editing another value changes only its token, and that the inserted token stays."""
    before = repo.blob("HEAD", path).decode()
    repo.edit(path, "cache-alpha", "cache-beta")
    repo.commit("another password for the cache")
    after = repo.blob("HEAD", path).decode()
    assert len(set(tokens(before)) - set(tokens(after))) == 1
    assert len(set(tokens(after)) - set(tokens(before))) == 1
    assert_clean(repo)
    assert_no_plaintext(repo)


# -- what is put into a file

DATABASE = key_step("database")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("  port: 8080\n", '  port: 8080\n  password: "{}"\n', "5: service.password"),
        ("  port: 8080\n", '  port: &p "{}"\n', "4: service.port"),
        ("  port: 8080\n", '  <<: "{}"\n', "4: service.<<"),
        ("  port: 8080\n", '  port: !!binary "{}"\n', "4: service.port"),
        ("  port: 8080\n", "  port: |\n    {}\n", "5: service.port"),
        ("  port: 8080\n", '  port: ["{}"]\n', "4: service.port[]"),
        ("  port: 8080\n", '  ? "{}"\n  : 8080\n', "4"),
        ("  port: 8080\n", '  "{}": 8080\n', "4"),
        ("database:\n", '"database ":\n  password: "{}"\ndatabase:\n', '7: "database ".password'),
        ("database:\n", 'database.password: "{}"\ndatabase:\n', '6: "database.password"'),
        ("certificate:", '---\npassword: "{}"\ncertificate:', "15: password"),
    ],
)
def test_a_token_in_another_place_of_a_yaml_file(
    mallory: Repo, alice: Repo, old: str, new: str, place: str
) -> None:
    token = next(t for t in tokens(mallory.read(YAML).partition("password:")[2]))
    mallory.edit(YAML, old, new.format(token))
    assert f"{YAML}:{place}" in push(mallory, alice)
    assert alice.read(YAML) == FILES[YAML].replace(old, new.format(token))
    assert_seen_by_commands(alice, YAML, place)
    assert_still_in_use(alice, YAML)


def test_two_equal_keys_show_both_values_that_the_key_has_had(mallory: Repo, alice: Repo) -> None:
    """Restoring an old value is a valid edit that git shows, but it must not hide the new value."""
    alice.edit(YAML, "db-alpha", "db-beta")
    alice.commit("rotate")
    alice.git("push", "--quiet", "origin", "HEAD:main")
    mallory.git("pull", "--quiet")
    old = mallory.git("show", f"HEAD~:{YAML}").partition('  password: "')[2].partition('"')[0]
    text = mallory.read(YAML)
    mallory.write(YAML, text.replace("  password:", f'  password: "{old}"\n  password:', 1))
    push(mallory, alice)
    shown = alice.read(YAML)
    assert '  password: "s3cr3t-db-alpha"\n  password: "s3cr3t-db-beta"\n' in shown
    assert alice.sealedfiles("cat", YAML) == shown
    assert_clean(alice)
    assert_no_plaintext(alice)


@pytest.mark.parametrize(
    ("new", "place"),
    [
        ('  "user": "{}"\n', None),
        ("  user: &u {}\n", "7: database.user"),
        ("  user: !!str {}\n", "7: database.user"),
    ],
)
def test_a_token_that_was_disguised(
    mallory: Repo, alice: Repo, new: str, place: str | None
) -> None:
    token = tokens(mallory.read(YAML))[0]
    mallory.edit(YAML, f'  user: "{token}"\n', new.format(token))
    said = push(mallory, alice)
    if place is None:
        assert said == ""
        assert '"user": s3cr3t-user\n' in alice.read(YAML)
        assert_clean(alice)
    else:
        assert f"{YAML}:{place}" in said
        assert "s3cr3t-user" not in alice.read(YAML)
        assert_seen_by_commands(alice, YAML, place)
    assert_no_plaintext(alice)


def test_swapped_anchors_are_named(mallory: Repo, alice: Repo) -> None:
    alice.write("secrets/a.yaml", "a: &one s3cr3t-1\nb: &two s3cr3t-2\nc: [*one, *two]\n")
    alice.commit("anchors")
    alice.git("push", "--quiet", "origin", "HEAD:main")
    mallory.git("pull", "--quiet")
    text = mallory.read("secrets/a.yaml")
    text = text.replace("&one", "&x").replace("&two", "&one").replace("&x", "&two")
    mallory.write("secrets/a.yaml", text)
    said = push(mallory, alice)
    assert "secrets/a.yaml:1: a" in said
    assert "secrets/a.yaml:2: b" in said
    assert alice.read("secrets/a.yaml") == text
    assert_seen_by_commands(alice, "secrets/a.yaml", "1: a", "2: b")


def test_a_literal_with_an_anchor_does_not_change_what_an_alias_means(
    mallory: Repo, alice: Repo
) -> None:
    path = "secrets/a.yaml"
    token = minted(alice, path, key_step("b"), "&one evil")
    mallory.write(path, f'a: &one good\nb: "{token}"\nc: *one\n')
    assert f"{path}:2: b" in push(mallory, alice)
    assert "evil" not in alice.read(path)


def test_a_comment_with_an_entry_behind_its_line_end_stays_sealed(
    mallory: Repo, alice: Repo
) -> None:
    token = minted(alice, ENV, b"", " note\nADMIN=true", COMMENT)
    mallory.write(ENV, f"# {token}\n{mallory.read(ENV)}")
    assert f"{ENV}:1" in push(mallory, alice)
    assert "ADMIN" not in alice.read(ENV)
    assert_seen_by_commands(alice, ENV, "1")


@pytest.mark.parametrize("path", FILES)
def test_conflict_markers_around_everything_change_nothing(
    mallory: Repo, alice: Repo, path: str
) -> None:
    text = mallory.read(path)
    mallory.write(path, f"<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n")
    push(mallory, alice)
    shown = FILES[path]
    assert alice.read(path) == f"<<<<<<< ours\n{shown}=======\n{shown}>>>>>>> theirs\n"
    alice.git("add", "--all")
    assert_no_plaintext(alice)


def test_a_value_torn_by_a_conflict_marker_leaves_the_text_as_it_is(
    mallory: Repo, alice: Repo
) -> None:
    path = "secrets/a.yaml"
    token = minted(alice, path, key_step("k"), "&a s3cr3t-x")
    text = f'k: &a\n<<<<<<< x\n "{token}"\n=======\n other\n>>>>>>> y\n'
    mallory.write(path, text)
    assert f"{path}:" in push(mallory, alice)
    assert alice.read(path) == text
    assert_clean(alice)


def test_control_characters_do_not_reach_the_terminal(mallory: Repo, alice: Repo) -> None:
    token = tokens(mallory.read(YAML))[0]
    path = "secrets/\x1b]0;title\x07.yaml"
    mallory.write(YAML, mallory.read(YAML) + f'"\\e[31m\\u202e":\n  user: "{token}"\n')
    mallory.write(path, f'user: "{token}"\nx: "{minted(alice, path, b"", "1")}"\n')
    said = push(mallory, alice)
    assert "stays sealed" in said
    alice.sealedfiles("cat", YAML, path, code=4)
    said += alice.stderr
    alice.sealedfiles("status", code=None)
    assert "title" in said
    for char in "\x1b\x07\u202e":
        assert char not in said + alice.stderr


def test_the_same_for_broken_files_of_the_folder(mallory: Repo, alice: Repo) -> None:
    evil = "\x1b[2J\x07\n"
    mallory.write(".sealedfiles/recipients/bob.pub", evil)
    mallory.write(".sealedfiles/keys/default/epochs", evil)
    mallory.write(".sealedfiles/keys/production/bob.grant", evil)
    mallory.write(".sealedfiles/policy.yaml", f'version: "{evil}"\nrules: [{{"\x07": 1}}]\n')
    push(mallory, alice)
    for command in (["status"], ["seal", YAML], ["grant", "bob", "--to", "default"], ["unlock"]):
        alice.sealedfiles(*command, code=None)
        assert "\x1b" not in alice.stderr
        assert "\x07" not in alice.stderr


# -- the rules, the attributes, the folder


@pytest.mark.parametrize(
    "change",
    [
        lambda repo: (repo.path / ".gitattributes").unlink(),
        lambda repo: repo.write("secrets/.gitattributes", "* -filter\n"),
        lambda repo: repo.write(
            ".gitattributes", repo.read(".gitattributes") + "*.yaml filter=cat\n"
        ),
    ],
    ids=["no attributes", "others further down", "another filter"],
)
def test_without_its_attribute_a_sealed_file_does_not_become_plain(
    mallory: Repo, alice: Repo, change: Callable[[Repo], object]
) -> None:
    change(mallory)
    push(mallory, alice)
    alice.edit(YAML, "db-alpha", "db-beta")
    alice.git("add", "--all", code=None)
    alice.git("commit", "--quiet", "-m", "new password", code=None)
    assert SECRET not in alice.blob("HEAD", YAML).decode()


@pytest.mark.parametrize(
    "policy",
    [
        None,
        "",
        "version: 2\nrules: []\n",
        "version: 1\nrules: [{files: '**', plain: yes}]\n",
        "version: 1\nrules: [{files: '**', plain: true, plain: true}]\n",
        "version: 1\nrules: [{files: '**', Plain: true}]\n",
        "version: 1\nversion: 1\nrules: []\n",
        "version: 1\nrules: [{files: '[', plain: true}]\n",
        "version: 1\nrules: &r [*r]\n",
        "version: 1\nrules: [{files: '**', group: ../../x}]\n",
        "\x00",
    ],
)
def test_without_a_policy_that_can_be_read_nothing_is_added(
    mallory: Repo, alice: Repo, policy: str | None
) -> None:
    if policy is None:
        (mallory.path / ".sealedfiles/policy.yaml").unlink()
    else:
        mallory.write(".sealedfiles/policy.yaml", policy)
    push(mallory, alice)
    alice.edit(YAML, "db-alpha", "db-beta")
    if policy is None:
        alice.git("add", YAML)  # the policy that this clone accepted stays in force
    else:
        alice.git("add", YAML, code=128)
        assert "policy" in alice.stderr
    assert_no_plaintext(alice)


def test_without_the_folder_nothing_is_added_and_what_is_there_can_be_read(
    mallory: Repo, alice: Repo
) -> None:
    mallory.git("rm", "-r", "--quiet", ".sealedfiles")
    mallory.write(YAML, mallory.read(YAML) + "# the end\n")
    push(mallory, alice)
    assert alice.read(YAML) == FILES[YAML] + "# the end\n"
    alice.edit(YAML, "db-alpha", "db-beta")
    alice.git("add", YAML, code=128)
    assert_no_plaintext(alice)


def test_epochs_in_another_order_are_refused(mallory: Repo, alice: Repo) -> None:
    """Both lines are the group's own; only their order is Mallory's."""
    from sealedfiles.keys.epochs import format_epochs, new_epoch, parse_epochs

    text = mallory.read(".sealedfiles/keys/default/epochs")
    first = parse_epochs(text.encode(), "default")[0]
    lines = alice.folder("sealedfiles/keys").read_text().split("\n")
    secret = next(parse_key_line(line[8:]).secret for line in lines if line.startswith("default "))
    second = new_epoch("default", b"\x42" * 32, "rotated", first, secret)
    mallory.write(".sealedfiles/keys/default/epochs", format_epochs([second, first]))
    push(mallory, alice)
    alice.edit(YAML, "db-alpha", "db-beta")
    alice.git("add", YAML, code=128)
    assert ".sealedfiles/keys/default/epochs" in alice.stderr
    assert_no_plaintext(alice)
    # Which keys are retired cannot be told from such a file, so nothing is given out.
    assert SECRET not in alice.sealedfiles("cat", JSON, code=4)


@needs_symlinks
@pytest.mark.parametrize("name", ["keys", "keys/default", "recipients"])
def test_a_symlink_to_a_folder_is_not_followed(
    mallory: Repo, alice: Repo, tmp_path: Path, name: str
) -> None:
    there = tmp_path / "outside"
    shutil.copytree(mallory.path / ".sealedfiles" / name, there)
    shutil.rmtree(mallory.path / ".sealedfiles" / name)
    (mallory.path / ".sealedfiles" / name).symlink_to(there)
    push(mallory, alice)
    before = sorted(path.relative_to(there) for path in there.rglob("*"))
    carol = Person.at(tmp_path / "carol")
    alice.sealedfiles("grant", "carol", carol.keygen(), "--to", "default", code=4)
    assert "symbolic link" in alice.stderr
    assert sorted(path.relative_to(there) for path in there.rglob("*")) == before


@needs_symlinks
def test_gitattributes_that_is_a_symlink_is_not_copied_into_git(
    mallory: Repo, alice: Repo, tmp_path: Path
) -> None:
    """`track` writes the file again, with the existing lines."""
    private = tmp_path / "id_ed25519"
    private.write_text("s3cr3t of Alice's own\n")
    (mallory.path / ".gitattributes").unlink()
    (mallory.path / ".gitattributes").symlink_to(private)
    push(mallory, alice)
    alice.sealedfiles("track", "*.secret", code=None)
    alice.git("add", "--all", code=None)
    assert_no_plaintext(alice)
    assert private.read_text() == "s3cr3t of Alice's own\n"


@needs_symlinks
@pytest.mark.parametrize("command", ["seal", "unseal"])
def test_a_symlink_in_a_sealed_files_place_changes_no_file_outside(
    mallory: Repo, alice: Repo, tmp_path: Path, command: str
) -> None:
    outside = tmp_path / "config.yaml"
    outside.write_text("a: 1\n")
    (mallory.path / YAML).unlink()
    (mallory.path / YAML).symlink_to(outside)
    push(mallory, alice)
    alice.sealedfiles(command, YAML, code=None)
    assert outside.read_text() == "a: 1\n"


# -- the machine


@pytest.mark.slow
def test_nothing_in_the_repository_is_run(mallory: Repo, alice: Repo, tmp_path: Path) -> None:
    """git starts the filter in the root of the working tree, where Python or a shell might search for
    these names."""
    proof = tmp_path / "was run"
    code = f"open({str(proof)!r}, 'w').close()\n"
    modules = ("sealedfiles", "cryptography", "yaml", "ruamel", "click", "keyring", "git", "age")
    for name in modules:
        mallory.write(f"{name}/__init__.py", code)
    for name in ("re", "json", "subprocess", "sitecustomize", "usercustomize", "__main__", "token"):
        mallory.write(f"{name}.py", code)
    for name in ("git.exe", "sealedfiles.exe", "python", "cat", "age-plugin-x", "sh"):
        mallory.write(name, f"#!/bin/sh\ntouch '{proof}'\n")
        (mallory.path / name).chmod(0o755)
    for name in ("pyvenv.cfg", "python.ini", "sealedfiles.pth"):
        mallory.write(name, f"import os; os.system('touch {proof}')\n")
    push(mallory, alice)
    alice.edit(YAML, "db-alpha", "db-beta")
    alice.commit("new password")
    alice.git("checkout", "--quiet", "HEAD~")
    alice.git("checkout", "--quiet", "-")
    for command in (["status"], ["cat", YAML], ["unlock"], ["lock"], ["unlock"]):
        alice.sealedfiles(*command)
    filter_command = alice.git("config", "filter.sealedfiles.clean").replace("%f", ENV)
    alice.raw("sh", "-c", f"{filter_command.strip()} < {ENV}")
    assert not proof.exists()
    assert_no_plaintext(alice)


def test_the_command_in_git_s_configuration_needs_no_path_and_no_current_folder(
    alice: Repo,
) -> None:
    for kind in ("process", "clean", "smudge"):
        command = alice.git("config", f"filter.sealedfiles.{kind}")
        first = command.partition("; ")[0]
        assert os.path.isabs(first.rpartition("exec ")[2].lstrip("'\""))


# -- patience


@pytest.mark.slow
def test_thousands_of_unknown_keys_cost_no_look_into_history_each(
    mallory: Repo, alice: Repo, tmp_path: Path
) -> None:
    """Counts the git processes: with one per token, the command would take an hour."""
    body = "A" * 64
    digits = str.maketrans("0123456789", "abcdefghij")
    file = file_id(ENV.encode())
    lines = ""
    for number in range(3000):
        key = f"{number:016d}".translate(digits)
        lines += f"K{number}=sealed:v1:default:{key}:{file}:{body}\n"
        lines += f"G{number}=sealed:v1:g{number}:{key}:{file}:{body}\n"
    mallory.write(ENV, mallory.read(ENV) + lines)
    mallory.commit("many")
    mallory.git("push", "--quiet", "origin", "main")
    trace = tmp_path / "trace"
    traced = Repo(alice.person.having(GIT_TRACE=str(trace)), alice.path)
    traced.git("pull", "--quiet")
    assert alice.read(ENV) == FILES[ENV] + lines
    started = trace.read_text(errors="replace").count("trace: built-in: git")
    assert started < 60
    alice.sealedfiles("cat", ENV, code=None)
    assert len(alice.stderr.split("\n")) < 200, "nobody reads six thousand lines"


@pytest.mark.slow
def test_a_large_file_of_tokens_for_others_opens_in_time(mallory: Repo, alice: Repo) -> None:
    token = next(t for t in tokens(mallory.read(YAML)) if ":production:" in t)
    text = "a:\n" + f'- "{token}"\n' * 50_000
    mallory.write("secrets/large.yaml", text)
    said = push(mallory, alice)
    assert "secrets/large.yaml:2: a[]" in said
    assert len(said.split("\n")) < 40
    assert alice.read("secrets/large.yaml") == text
    alice.sealedfiles("cat", "secrets/large.yaml", code=4)
    assert_clean(alice)


@pytest.mark.slow
def test_long_keys_do_not_fill_the_memory(mallory: Repo, alice: Repo) -> None:
    path = "config/large.json"
    token = minted(alice, path, key_step("a") + ITEM, "1")
    members = ",".join(f'"{number}": 1' for number in range(50_000))
    text = f'{{"{"k" * 1_000_000}": {{{members}}}, "a": ["{token}"]}}\n'
    mallory.write(path, text)
    push(mallory, alice)
    assert alice.read(path) == text
    assert_no_plaintext(alice)


def test_many_renamed_files_are_read_once_each(alice: Repo, tmp_path: Path) -> None:
    """Not an attack, but every new path used to be compared with every old path."""
    for number in range(150):
        lines = "".join(f"k{i}: s3cret-{number}-{i}\n" for i in range(5))
        alice.write(f"secrets/old/{number}.yaml", lines)
    alice.commit("many files")
    (alice.path / "secrets/old").rename(alice.path / "secrets/new")
    alice.git("add", "--all")
    status = alice.git("status", "--porcelain").split("\n")[:-1]
    assert {line[0] for line in status} == {"R"}
    assert len(status) == 150

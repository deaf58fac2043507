"""Attacks by somebody with push access but without a key: none may stay unnoticed by those who pull.

Mallory has a clone without a key and without the filter, and edits the stored content directly. None of
these attacks may put plaintext into git, decrypt a token where it does not belong, or change the
structure of a file.
"""

from __future__ import annotations

import re
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
    assert_no_plaintext,
    program,
    tokens,
)

from sealedfiles import age
from sealedfiles.keys.epochs import Epoch, format_epochs, new_epoch, parse_epochs
from sealedfiles.keys.keyfile import GroupKey, parse_key_line, wrap_keys
from sealedfiles.model.paths import ROOT, key_step
from sealedfiles.model.token import VALUE, FileKey, file_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.many_variants


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
    alice.git("pull", "--quiet", code=None)
    return alice.stderr


def token_of(repo: Repo, path: str, key: str) -> str:
    """Return the token for *key* in git's version of a file."""
    match = re.search(
        rf"{key}\W{{1,4}}({tokens(repo.read(path))[0][:10]}[^\s\"]+)", repo.read(path)
    )
    assert match, f"no token behind {key}"
    return match[1]


def refused(repo: Repo, path: str) -> str:
    """Check that printing the whole file reports the token and fails; return stderr."""
    text = repo.sealedfiles("cat", path, code=4)
    assert path in repo.stderr
    return text


# -- a token at another place


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (YAML, lambda text, token: text.replace("name: orders", f'name: "{token}"')),
        (YAML, lambda text, token: f"# {token}\n{text}"),
        (YAML, lambda text, token: text.replace("name: orders", f'"{token}": orders')),
        (YAML, lambda text, token: text.replace("name: orders", f'name: "see {token}"')),
        (YAML, lambda text, token: text.replace("name: orders", f"name: !!str {token}")),
        (JSON, lambda text, token: text.replace('"orders"', f'"{token}"')),
        (JSON, lambda text, token: text.replace('"name"', f'"{token}"')),
        (JSON, lambda text, token: text.replace('"orders"', f'"see {token}"')),
        (ENV, lambda text, token: text.replace("=orders", f"={token}")),
        (ENV, lambda text, token: f"# {token}\n{text}"),
        (ENV, lambda text, token: text.replace("=orders", f'="see {token}"')),
    ],
)
def test_a_token_that_was_copied_elsewhere_stays_a_token_and_is_named(
    mallory: Repo, alice: Repo, path: str, change: Callable[[str, str], str]
) -> None:
    key = "DB_PASSWORD" if path == ENV else "password"
    token = token_of(mallory, path, key)
    mallory.write(path, change(mallory.read(path), token))
    said = push(mallory, alice)
    assert f"{path}:" in said
    shown = alice.read(path)
    assert shown.count("s3cr3t-db-alpha") == 1, "the copy did not open"
    assert token in shown
    assert refused(alice, path) == shown
    alice.write("README.md", "another commit\n")
    alice.commit("go on")
    assert_no_plaintext(alice)


def test_a_token_of_another_file_does_not_open(mallory: Repo, alice: Repo) -> None:
    mallory.write(
        "secrets/other.yaml",
        mallory.read(YAML).replace(tokens(mallory.read(YAML))[0], token_of(mallory, YAML, "user")),
    )
    foreign = mallory.read(YAML).replace(
        token_of(mallory, YAML, "user"), token_of(mallory, JSON, '"user"')
    )
    mallory.write(YAML, foreign)
    assert YAML in push(mallory, alice)
    assert 'user: "sealed:' in alice.read(YAML)
    assert "made for another file" in alice.stderr


def test_a_token_between_conflict_markers_does_not_open_elsewhere(
    mallory: Repo, alice: Repo
) -> None:
    token = token_of(mallory, YAML, "password")
    text = mallory.read(YAML).replace(
        "  name: orders\n",
        f'<<<<<<< ours\n  name: "{token}"\n=======\n  name: orders\n>>>>>>> theirs\n',
    )
    mallory.write(YAML, text)
    push(mallory, alice)
    assert alice.read(YAML).count("s3cr3t-db-alpha") == 1


# -- a reader who makes tokens of his own


@pytest.mark.parametrize(
    ("path", "step", "literal"),
    [
        (YAML, "user", "x\n  admin: true"),
        (YAML, "user", "[a, b]"),
        (YAML, "user", "&anchor x"),
        (YAML, "user", "*undefined"),
        (YAML, "user", "x # and a comment"),
        (JSON, "user", '"x", "admin": true, "y": "'),
        (JSON, "user", '{"a": 1}'),
        (ENV, "DB_USER", "x\nADMIN=true"),
        (ENV, "DB_USER", 'x"\nADMIN="'),
    ],
)
def test_a_literal_brings_no_structure_of_its_own(
    alice: Repo, mallory: Repo, path: str, step: str, literal: str
) -> None:
    line = alice.folder("sealedfiles/keys").read_text().split("\n")
    secret = next(parse_key_line(one[8:]).secret for one in line if one.startswith("default "))
    key = FileKey("default", secret, file_id(path.encode()))
    keys = ROOT if path == ENV else key_step("database")
    token = key.seal(VALUE, 0, key.path_tag(keys + key_step(step)), literal.encode())
    old = token_of(mallory, path, "DB_USER" if path == ENV else "user")
    mallory.write(path, mallory.read(path).replace(old, token))
    said = push(mallory, alice)
    assert f"{path}:" in said
    assert token in alice.read(path)
    assert "admin" not in alice.read(path).lower()
    refused(alice, path)


# -- the rules


def test_a_rule_changed_to_plain_makes_nothing_plain(mallory: Repo, alice: Repo) -> None:
    mallory.write(
        ".sealedfiles/policy.yaml", "version: 1\nrules:\n  - files: '**'\n    plain: true\n"
    )
    push(mallory, alice)
    for path in FILES:
        alice.edit(path, "s3cr3t-db-alpha", "s3cr3t-db-beta")
        alice.git("add", path, code=128)
        assert "sealedfiles trust policy" in alice.stderr
        assert "(mallory, " in alice.stderr
    assert_no_plaintext(alice)


def test_a_rule_with_another_format_makes_nothing_plain(mallory: Repo, alice: Repo) -> None:
    rule = f"version: 1\nrules:\n  - files: '{YAML}'\n    format: dotenv\n    plain: true\n"
    mallory.write(".sealedfiles/policy.yaml", rule)
    push(mallory, alice)
    alice.edit(YAML, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    alice.git("add", YAML, code=128)
    assert_no_plaintext(alice)


def test_the_attribute_line_removed_makes_nothing_plain(mallory: Repo, alice: Repo) -> None:
    text = mallory.read(".gitattributes")
    mallory.write(".gitattributes", re.sub(r"(?m)^\*\.env .*\n", "", text))
    push(mallory, alice)
    alice.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    alice.commit("new password")
    assert_no_plaintext(alice)


def test_a_policy_for_a_group_of_mallory_s_gets_no_value(mallory: Repo, alice: Repo) -> None:
    make_group(mallory, "evil", alice)
    mallory.write(
        ".sealedfiles/policy.yaml", "version: 1\nrules:\n  - files: '**'\n    group: evil\n"
    )
    push(mallory, alice)
    for path in FILES:
        alice.edit(path, "8080", "8081")
        alice.git("add", path, code=128)
        assert "+ rule files: **, group: evil" in alice.stderr
    assert not any(b"sealed:v1:evil:" in content for _, content in alice.objects())
    assert_no_plaintext(alice)


def test_a_changed_value_does_not_go_to_the_group_of_a_pulled_policy(
    mallory: Repo, alice: Repo
) -> None:
    """Otherwise a change of the rules would give everybody the next production password."""
    text = mallory.read(".sealedfiles/policy.yaml")
    mallory.write(".sealedfiles/policy.yaml", text.replace("group: production", "group: default"))
    push(mallory, alice)
    alice.edit(YAML, "s3cr3t-production", "s3cr3t-production-2")
    alice.git("add", YAML, code=128)
    assert "affects this value" in alice.stderr
    # What both policies treat alike is sealed as always.
    alice.git("checkout", "--quiet", "--", YAML)
    alice.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    alice.commit("new password")
    assert_no_plaintext(alice)


def test_a_policy_in_a_subfolder_has_no_effect(mallory: Repo, alice: Repo) -> None:
    mallory.write(
        "secrets/.sealedfiles/policy.yaml",
        "version: 1\nrules:\n  - files: '**'\n    plain: true\n",
    )
    push(mallory, alice)
    alice.write("secrets/new.yaml", "password: s3cr3t-new\n")
    alice.commit("one more")
    assert_no_plaintext(alice)


# -- the keys


def make_group(repo: Repo, group: str, reader: Repo) -> GroupKey:
    """Create a group of Mallory's, with its key encrypted to a reader's public key."""
    secret = b"\x66" * 32
    epoch = new_epoch(group, secret, "created")
    key = GroupKey(epoch.key_id, epoch.date, secret)
    public = age.parse_recipient(reader.read(".sealedfiles/recipients/alice.pub").strip())
    repo.write(f".sealedfiles/keys/{group}/epochs", format_epochs([epoch]))
    repo.write(f".sealedfiles/keys/{group}/alice.age", wrap_keys([key], [public]))
    return key


def forge(mallory: Repo, key: GroupKey, group: str = "default") -> str:
    """Replace a token with a token of Mallory's."""
    made = FileKey(group, key.secret, file_id(ENV.encode()))
    forged = made.seal(VALUE, 0, made.path_tag(key_step("DB_PASSWORD")), b"mallory's own")
    mallory.write(ENV, mallory.read(ENV).replace(token_of(mallory, ENV, "DB_PASSWORD"), forged))
    return forged


def test_a_key_file_around_a_chosen_key_opens_and_seals_nothing(mallory: Repo, alice: Repo) -> None:
    epochs = mallory.read(".sealedfiles/keys/default/epochs")
    key = make_group(mallory, "default", alice)
    mallory.write(".sealedfiles/keys/default/epochs", epochs)
    forged = forge(mallory, key)
    said = push(mallory, alice)
    assert "mallory" not in alice.read(ENV)
    assert forged in alice.read(ENV)
    assert "their key is not among those you have" in said
    alice.sealedfiles("cat", ENV, code=3)
    assert ENV in alice.stderr


def test_a_whole_group_replaced_opens_and_seals_nothing(mallory: Repo, alice: Repo) -> None:
    forge(mallory, make_group(mallory, "default", alice))
    push(mallory, alice)
    assert "mallory" not in alice.read(ENV)
    alice.write(ENV, alice.read(ENV) + "NEW=s3cr3t-new\n")
    alice.git("add", ENV, code=128)
    assert "are unrelated to the keys known in this clone" in alice.stderr
    assert_no_plaintext(alice)


def test_a_key_added_to_the_epochs_is_not_sealed_with(mallory: Repo, alice: Repo) -> None:
    text = mallory.read(".sealedfiles/keys/default/epochs")
    last = parse_epochs(text.encode(), "default")[-1]
    secret = b"\x66" * 32
    added: Epoch = new_epoch("default", secret, "rotated")._replace(parent=last.key_id)
    mallory.write(".sealedfiles/keys/default/epochs", text + added.line + "\n")
    push(mallory, alice)
    alice.write(ENV, alice.read(ENV) + "NEW=s3cr3t-new\n")
    alice.git("add", ENV, code=128)
    assert "epochs" in alice.stderr
    assert_no_plaintext(alice)


def test_a_group_of_mallory_s_own_opens_nothing(mallory: Repo, alice: Repo) -> None:
    forged = forge(mallory, make_group(mallory, "evil", alice), "evil")
    push(mallory, alice)
    assert forged in alice.read(ENV)
    assert "mallory" not in alice.sealedfiles("cat", ENV, code=None)


@pytest.mark.parametrize("name", ["policy.yaml", "keys/default/epochs", "keys/default/alice.age"])
def test_a_symlink_in_the_folder_is_refused(mallory: Repo, alice: Repo, name: str) -> None:
    link = mallory.path / ".sealedfiles" / name
    link.unlink()
    link.symlink_to("/etc/hostname")
    push(mallory, alice)
    alice.folder("sealedfiles/keys").unlink()
    alice.write(ENV, alice.read(ENV) + "NEW=s3cr3t-new\n")
    alice.git("add", ENV, code=128)
    assert "symbolic link" in alice.stderr
    assert_no_plaintext(alice)


def test_a_symlink_in_the_folder_s_place_is_refused(mallory: Repo, alice: Repo) -> None:
    mallory.git("mv", ".sealedfiles", "moved")
    (mallory.path / ".sealedfiles").symlink_to("moved")
    push(mallory, alice)
    alice.write(ENV, alice.read(ENV) + "NEW=s3cr3t-new\n")
    alice.git("add", ENV, code=128)
    assert_no_plaintext(alice)


# -- the machine


def test_python_files_at_the_top_of_the_repository_are_not_run(
    mallory: Repo, alice: Repo, tmp_path: Path
) -> None:
    proof = tmp_path / "was run"
    for name in ("yaml", "sealedfiles", "cryptography", "re", "click"):
        mallory.write(f"{name}.py", f"open({str(proof)!r}, 'w').close()\n")
    push(mallory, alice)
    alice.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    alice.commit("new password")
    alice.person.run([*program(), "status"], alice.path)
    assert not proof.exists()
    assert_no_plaintext(alice)


def test_tokens_of_versions_and_groups_that_nobody_knows_pass_through(
    mallory: Repo, alice: Repo
) -> None:
    text = mallory.read(ENV) + f"OTHER=sealed:v2:default:{'a' * 16}:{'A' * 8}:{'A' * 64}\n"
    text += "".join(f"X{n}=sealed:v1:g{n}:{'a' * 16}:{'A' * 8}:{'A' * 64}\n" for n in range(300))
    mallory.write(ENV, text)
    push(mallory, alice)
    assert alice.read(ENV).endswith(text[len(mallory.read(ENV)) :] or text[-80:])
    assert alice.read(ENV).count("sealed:v1:g") == 300
    assert alice.read(ENV).count(SECRET) > 3

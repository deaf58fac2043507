"""Pull requests from somebody with push access but without a key: `check --rev` reports each attack.

For the reaction of the filter and the commands to the same attacks, see tests/git/test_attacks.py.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

import pytest
from keys.kit import ALICE, CAROL, group_key, recipient_of

from check.toy import APP, NUMBERS, TEXT, Toy
from sealedfiles.errors import GitError
from sealedfiles.keys.epochs import format_epochs, new_epoch, parse_epochs
from sealedfiles.keys.keyfile import GroupKey, wrap_keys
from sealedfiles.model.paths import key_step
from sealedfiles.model.token import VALUE, FileKey, file_id

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = ".sealedfiles/policy.yaml"
SECRET = b"\x66" * 32


def make_group(toy: Toy, group: str) -> GroupKey:
    """Create a group with a key of the attacker's, encrypted to Alice, without a grant."""
    epoch = new_epoch(group, SECRET, "created")
    key = GroupKey(epoch.key_id, epoch.date, SECRET)
    toy.write(f".sealedfiles/keys/{group}/epochs", format_epochs([epoch]))
    toy.write(f".sealedfiles/keys/{group}/alice.age", wrap_keys([key], [recipient_of(ALICE)]))
    return key


def forge(toy: Toy, secret: bytes, group: str = "default", literal: bytes = b"evil") -> None:
    """Replace the token of the user by a token of the attacker's."""
    key = FileKey(group, secret, file_id(APP.encode()))
    path = key_step("db") + key_step("user")
    toy.edit(toy.token("user"), key.seal(VALUE, 0, key.path_tag(path), literal))


def chosen_key_under_the_known_epochs(toy: Toy) -> None:
    epochs = toy.read(".sealedfiles/keys/default/epochs")
    make_group(toy, "default")
    toy.write(".sealedfiles/keys/default/epochs", epochs)
    forge(toy, SECRET)


def group_replaced(toy: Toy) -> None:
    forge(toy, make_group(toy, "default").secret)


def key_added_to_the_epochs(toy: Toy) -> None:
    name = ".sealedfiles/keys/default/epochs"
    last = parse_epochs(toy.read(name).encode(), "default")[-1]
    added = new_epoch("default", SECRET, "rotated")._replace(parent=last.key_id)
    toy.write(name, toy.read(name) + added.line + "\n")


def group_of_her_own(toy: Toy) -> None:
    make_group(toy, "evil")
    toy.policy("- {files: '**', group: evil}")


def token_of_a_group_of_her_own(toy: Toy) -> None:
    forge(toy, make_group(toy, "evil").secret, "evil")


def line(text: str) -> Callable[[Toy], None]:
    return lambda toy: toy.write(APP, toy.read() + text.format(toy.token("user")) + "\n")


def policy(*rules: str) -> Callable[[Toy], None]:
    return lambda toy: toy.policy("\n".join(f"- {one}" for one in rules))


def swapped_in_the_pub(toy: Toy) -> None:
    toy.write(".sealedfiles/recipients/bob.pub", f"{recipient_of(CAROL)}\n")


def everything_removed(toy: Toy) -> None:
    toy.git("rm", "-rq", ".sealedfiles", ".gitattributes")


def allowed_by_herself(toy: Toy) -> None:
    toy.policy(
        "- {files: '**', plain: true}", "allow: [{finding: plain-rule, files: '**', reason: x}]"
    )


ATTACKS: dict[str, tuple[Callable[[Toy], object], str]] = {
    "a token under another key": (line('extra: "{}"'), "twice"),
    "a token in a comment": (line("# {}"), "twice"),
    "a token as a key": (line('"{}": x'), "misplaced"),
    "a token in a longer text": (line('extra: "see {}"'), "misplaced"),
    "a token with a tag": (line("extra: !!str {}"), "twice"),
    "a token between conflict markers": (
        line("<<<<<<< a\nx: {}\n=======\nx: 1\n>>>>>>> b"),
        "conflict-markers",
    ),
    "a token of another file": (
        lambda toy: toy.edit(toy.token("user"), toy.sealed("a: 1", "b.yaml").decode()[4:-1]),
        "mixed-ids",
    ),
    "a whole file copied": (lambda toy: toy.write("secrets/b.yaml", toy.read()), "same-id"),
    "a second value behind the sealed one": (
        lambda toy: toy.edit("  user:", "  user: open\n  user:"),
        "sealed-before",
    ),
    "a rule changed to plain": (policy("{files: '**', plain: true}"), "plain-rule"),
    "a rule with another format": (
        policy(f"{{files: '{APP}', format: dotenv, plain: true}}"),
        "plain-rule",
    ),
    "a rule for another group": (policy("{files: '**', group: production}"), "other-group"),
    "a rule for a group of her own": (group_of_her_own, "other-group"),
    "an allowance of her own": (allowed_by_herself, "new-allow"),
    "an attribute removed": (lambda toy: toy.write(".gitattributes", ""), "uncovered"),
    "an attribute overridden": (
        lambda toy: toy.write("secrets/.gitattributes", "* -filter\n"),
        "uncovered",
    ),
    "a file moved away": (lambda toy: toy.git("mv", APP, "a.yaml"), "uncovered"),
    "a folder further down": (
        lambda toy: toy.write(f"x/{POLICY}", "version: 1\n"),
        "nested-folder",
    ),
    "a chosen key in a key file": (chosen_key_under_the_known_epochs, "unknown-key"),
    "a group replaced": (group_replaced, "lost-epoch"),
    "a key added to the epochs": (key_added_to_the_epochs, "unproven-key"),
    "a token of her own group": (token_of_a_group_of_her_own, "other-group"),
    "a group without a grant": (token_of_a_group_of_her_own, "no-grant"),
    "a public key swapped": (swapped_in_the_pub, "changed-key"),
    "all of it removed": (everything_removed, "uncovered"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_named(toy: Toy, name: str) -> None:
    attack, code = ATTACKS[name]
    attack(toy)
    toy.commit()
    assert code in toy.codes("HEAD^!")


# -- what only a key shows: a reader who makes tokens, an outsider who makes proofs


@pytest.fixture
def keyed(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> Toy:
    monkeypatch.setenv("SEALEDFILES_KEY", ALICE.text or "")
    assert toy.found(keyed=True) == []
    return toy


@pytest.mark.parametrize("literal", ["x\n  admin: true", "[a, b]", "x # y", "*undefined", "&a x"])
def test_a_literal_that_brings_structure(keyed: Toy, literal: str) -> None:
    forge(keyed, group_key(NUMBERS["default"]).secret, literal=literal.encode())
    assert keyed.staged() == []
    assert keyed.found(keyed=True)


def test_a_token_altered(keyed: Toy) -> None:
    token = keyed.token("user")
    keyed.edit(token, token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"))
    assert keyed.staged() == []
    assert keyed.found(keyed=True) == [f"damaged {APP}:3 db.user"]


def test_a_proof_altered(keyed: Toy) -> None:
    for name in ("epochs", "bob.grant"):
        text = keyed.read(f".sealedfiles/keys/default/{name}")
        keyed.write(
            f".sealedfiles/keys/default/{name}",
            text[:-5] + ("AAA" if text[-5:-2] != "AAA" else "BBB") + text[-2:],
        )
    assert keyed.staged() == []
    named = keyed.found(keyed=True)
    assert "bad-epochs .sealedfiles/keys/default/epochs:1" in named
    assert "bad-grant .sealedfiles/keys/default/bob.grant" in named


def test_a_grant_under_an_older_key_is_not_a_forged_one(keyed: Toy) -> None:
    grant = ".sealedfiles/keys/default/bob.grant"
    before = keyed.read(grant)
    keyed.group("default", 1, 3)
    keyed.write(grant, before)
    keyed.stage()
    codes = {one.code for one in keyed.findings(keyed=True) if one.path == grant.encode()}
    assert codes
    assert "bad-grant" not in codes


def test_a_policy_without_a_proof_under_the_current_key(keyed: Toy) -> None:
    proof = keyed.read(".sealedfiles/policy.proof")
    keyed.write(".sealedfiles/policy.proof", proof.replace("default ", "other "))
    assert keyed.staged() == []
    assert keyed.found(keyed=True) == ["unproved-policy .sealedfiles/policy.yaml"]


def test_a_token_named_with_and_without_a_key_is_named_once(keyed: Toy) -> None:
    keyed.edit("  password:", "  pass:")
    keyed.stage()
    assert keyed.found(staged=True, keyed=True) == [f"moved {APP}:4 db.pass"]


def test_groups_of_others_are_not_opened(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    toy.group("production", readers="bob")
    toy.git(
        "rm",
        "-qf",
        ".sealedfiles/keys/production/alice.age",
        ".sealedfiles/keys/production/alice.grant",
    )
    toy.policy(
        "- {files: 'secrets/*', values: db.user, group: production}\n- {files: 'secrets/*', values: name, plain: true}"
    )
    toy.write(APP, toy.sealed(TEXT))
    toy.commit()
    monkeypatch.setenv("SEALEDFILES_KEY", ALICE.text or "")
    report = toy.report(keyed=True)
    assert [one.code for one in report.findings] == ["kept-access"]  # of Alice
    assert [note.message for note in report.notes] == [
        "not decrypted because no key is available: 1 token of production"
    ]


def raw_tree(toy: Toy, *entries: tuple[str, str, str]) -> str:
    """Store a tree object of (mode, name, id), as it is, and return its id."""
    data = b"".join(
        f"{mode} {name}".encode() + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries
    )
    stored = b"tree %d\0%b" % (len(data), data)
    oid = hashlib.sha1(stored).hexdigest()
    file = toy.path / ".git/objects" / oid[:2] / oid[2:]
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(zlib.compress(stored))
    return oid


def top_of(toy: Toy, **replaced: tuple[str, str]) -> list[tuple[str, str, str]]:
    """Return the entries of HEAD's tree, some of them with another mode and id."""
    entries = []
    for line in toy.git("ls-tree", "HEAD").split("\n")[:-1]:
        head, name = line.split("\t")
        mode, _, oid = head.split(" ")
        mode, oid = replaced.get(name, (mode.removeprefix("0"), oid))
        entries.append((mode, name, oid))
    return entries


def commit_of(toy: Toy, entries: list[tuple[str, str, str]]) -> str:
    return toy.git("commit-tree", raw_tree(toy, *entries), "-p", "HEAD", "-m", "x").strip()


@pytest.mark.parametrize("mode", ["40755", "040000", "100777", "0100644"])
def test_a_mode_that_git_does_not_write_hides_no_file(toy: Toy, mode: str) -> None:
    """git checks such trees out, and its own check of pushes only warns of some of them."""
    plain = toy.git("hash-object", "-w", "--stdin", stdin=TEXT).strip()
    folder, file = ("40000", mode) if "100" in mode else (mode, "100644")
    tree = raw_tree(toy, (file, "app.yaml", plain))
    commit = commit_of(toy, top_of(toy, secrets=(folder, tree)))
    assert f"sealed-before {APP}:3 db.user" in toy.found(f"{commit}^!")


def test_a_malformed_tree_is_not_passed(toy: Toy) -> None:
    """git checks out one of two files with the same name, and a file whose name has a slash."""
    plain = toy.git("hash-object", "-w", "--stdin", stdin=TEXT).strip()
    folder = raw_tree(toy, ("100644", "app.yaml", plain))
    for more in (
        ("40000", "secrets", folder),
        ("100644", APP, plain),
        ("x", "secrets2", plain),
    ):
        commit = commit_of(toy, [*top_of(toy), more])
        with pytest.raises(GitError, match="malformed"):
            toy.found(f"{commit}^!")


def test_a_commit_on_top_of_a_malformed_tree_is_not_passed(toy: Toy) -> None:
    """git lists the path of such a tree as changed twice: edited, and deleted."""
    sealed = toy.git("hash-object", "-w", "--stdin", stdin=toy.read()).strip()
    plain = toy.git("hash-object", "-w", "--stdin", stdin=TEXT).strip()
    folder = raw_tree(toy, ("100644", "app.yaml", sealed), ("100644", "app.yaml", plain))
    commit = commit_of(toy, top_of(toy, secrets=("40000", folder)))
    toy.git("reset", "-q", "--hard", commit)
    toy.write(APP, TEXT)
    with pytest.raises(GitError, match="malformed"):
        toy.staged()

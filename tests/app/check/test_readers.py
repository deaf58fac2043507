"""Findings in ``.sealedfiles/``: keys, readers, the policy, and files that do not belong there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from keys.kit import ALICE, BOB, CAROL, group_key, recipient_of

from check.toy import APP, NUMBERS, Toy
from sealedfiles import age
from sealedfiles.age.stanza import Stanza
from sealedfiles.app.check.readers import _match
from sealedfiles.keys.grants import new_grant
from sealedfiles.keys.identity.kms_file import KmsIdentity, format_file
from sealedfiles.keys.keyfile import wrap_keys
from sealedfiles.keys.recipients import fingerprint
from sealedfiles.remote.kms.uri import parse_uri

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = ".sealedfiles/keys/default"
KEY = group_key(NUMBERS["default"])


def public(*people: age.Identity) -> list[age.Recipient]:
    return [recipient_of(one) for one in people]


# -- readers


def test_a_second_reader_hidden_in_a_key_file(toy: Toy) -> None:
    toy.write(f"{KEYS}/alice.age", wrap_keys([KEY], public(ALICE, CAROL)))
    assert toy.staged() == [f"hidden-reader {KEYS}/alice.age"]
    toy.commit()
    assert toy.found() == [f"hidden-reader {KEYS}/alice.age"]


def test_a_reader_with_several_keys_is_no_hidden_one(toy: Toy) -> None:
    both = public(ALICE, CAROL)
    toy.write(".sealedfiles/recipients/alice.pub", "".join(f"{one}\n" for one in both))
    toy.write(f"{KEYS}/alice.age", wrap_keys([KEY], both))
    toy.write(f"{KEYS}/alice.grant", new_grant("default", "alice", both, KEY))
    toy.git("rm", "-rqf", ".sealedfiles/keys/production")
    assert toy.staged() == []


def test_a_key_file_that_leaves_out_one_of_the_reader_s_keys(toy: Toy) -> None:
    both = public(ALICE, CAROL)
    toy.write(".sealedfiles/recipients/alice.pub", "".join(f"{one}\n" for one in both))
    toy.write(f"{KEYS}/alice.grant", new_grant("default", "alice", both, KEY))
    toy.git("rm", "-rqf", ".sealedfiles/keys/production")
    assert toy.staged() == [f"hidden-reader {KEYS}/alice.age"]


def test_public_keys_that_were_changed_after_the_grant(toy: Toy) -> None:
    toy.write(".sealedfiles/recipients/bob.pub", f"{public(CAROL)[0]}\n")
    toy.commit()
    assert toy.found() == ["changed-key .sealedfiles/recipients/bob.pub"] * 2
    assert {one.fix for one in toy.findings()} == {"sealedfiles trust bob"}


def test_a_key_of_another_kind_shows_in_the_key_file_too(toy: Toy) -> None:
    other = age.generate_identity().recipient
    toy.write(".sealedfiles/recipients/bob.pub", f"{other}\n")
    toy.commit()
    assert toy.codes() == ["hidden-reader", "changed-key"]


@pytest.mark.parametrize(
    ("types", "hidden"),
    [
        (["X25519"], []),
        (["X25519", "hello-grease", "X-grease"], []),
        (["X25519", "X25519"], ["X25519"]),
        (["X25519", "scrypt"], ["scrypt"]),
        (["X25519", "piv-p256\x1b"], ["unknown"]),
    ],
)
def test_stanzas_beside_those_of_the_reader(types: list[str], hidden: list[str]) -> None:
    stanzas = [Stanza(one, ("x",), b"") for one in types]
    assert _match(stanzas, public(ALICE)) == (hidden, [])


def test_stanzas_of_ssh_keys_are_told_apart_by_their_tags() -> None:
    one, other = (
        age.parse_recipient(f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{text}")
        for text in (
            "ILCpmGmWHvMy2SAI4BYL1KY8jhNHwsWAB+vVX9lIjaAf",
            "IEb6ThOLo2ZmBiAgBIEaJq4LEzEsTLo1rX6Csx6fkbdP",
        )
    )
    stanzas = one.wrap(b"\x00" * 16)
    assert _match(stanzas, [one]) == ([], [])
    assert _match(stanzas, [other]) == (["ssh-ed25519"], [other])


def test_stanzas_of_a_plugin_are_not_known_beforehand() -> None:
    plugin = age.parse_recipient(
        "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"
    )
    odd = [Stanza("piv-p256", ("a", "b"), b""), Stanza("another", (), b"")]
    assert _match(odd, [plugin]) == ([], [])
    assert _match([*odd, Stanza("X25519", ("a",), b"")], [plugin]) == (["X25519"], [])


def test_a_key_file_without_a_grant_and_the_other_way_round(toy: Toy) -> None:
    toy.remove(f"{KEYS}/alice.grant")
    toy.remove(f"{KEYS}/bob.age")
    assert toy.staged() == [
        f"no-grant {KEYS}/alice.age",
        f"lone-grant {KEYS}/bob.grant",
        f"unproven-key {KEYS}/epochs:1",
        f"kept-access {KEYS}/epochs:1",
    ]


@pytest.mark.parametrize("content", ["", "no grant\n", "a b c d e\n"])
def test_a_grant_that_cannot_be_read(toy: Toy, content: str) -> None:
    toy.write(f"{KEYS}/bob.grant", content)
    assert toy.staged() == [f"bad-grant {KEYS}/bob.grant"]


def test_a_grant_under_a_key_that_was_rotated_since(toy: Toy) -> None:
    old = toy.read(f"{KEYS}/bob.grant")
    toy.group("default", NUMBERS["default"], 5)
    toy.write(f"{KEYS}/bob.grant", old)
    toy.write(APP, toy.sealed("a: 1\n", default=5))
    assert toy.staged() == [f"old-grant {KEYS}/bob.grant"]


def test_a_grant_under_a_key_that_the_group_never_had(toy: Toy) -> None:
    toy.write(f"{KEYS}/bob.grant", new_grant("default", "bob", public(BOB), group_key(9)))
    assert toy.staged() == [f"bad-grant {KEYS}/bob.grant"]
    assert "trust" not in toy.findings(staged=True)[0].fix


def test_public_keys_that_are_missing_or_cannot_be_read(toy: Toy) -> None:
    toy.remove(".sealedfiles/recipients/alice.pub")
    toy.write(".sealedfiles/recipients/bob.pub", "age1 is not a key\n")
    assert toy.staged() == [
        "bad-public-key .sealedfiles/recipients/alice.pub",
        "bad-public-key .sealedfiles/recipients/bob.pub",
    ]


def test_a_key_file_that_is_none(toy: Toy) -> None:
    toy.write(f"{KEYS}/bob.age", "-----BEGIN AGE ENCRYPTED FILE-----\n")
    assert toy.staged() == [f"bad-key-file {KEYS}/bob.age"]


# -- keys


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-2],
        lambda _: "",
        lambda text: text.replace(" created ", " made "),
        lambda text: f"<<<<<<< a\n{text}=======\n{text}>>>>>>> b\n",
        lambda text: text + text,
    ],
)
def test_a_list_of_keys_that_cannot_be_read(toy: Toy, change: Callable[[str], str]) -> None:
    toy.write(f"{KEYS}/epochs", change(toy.read(f"{KEYS}/epochs")))
    (named,) = toy.staged()
    assert named.startswith(f"bad-epochs {KEYS}/epochs")


def test_a_group_without_a_list_of_keys(toy: Toy) -> None:
    toy.remove(f"{KEYS}/epochs")
    assert toy.staged() == [f"bad-epochs {KEYS}/epochs"]


def test_a_key_that_was_removed_from_the_list(toy: Toy) -> None:
    toy.group("default", 9)
    toy.stage()
    assert f"lost-epoch {KEYS}/epochs:1" in toy.found(staged=True)


def test_an_older_list_is_restored(toy: Toy) -> None:
    toy.group("default", NUMBERS["default"], 5)
    toy.commit()
    toy.group("default")
    assert toy.staged() == [f"lost-epoch {KEYS}/epochs:1"]


def test_a_retired_key_made_to_look_like_a_good_one(toy: Toy) -> None:
    toy.group("default", NUMBERS["default"], 5)
    toy.edit(" rotated ", " revoked ", f"{KEYS}/epochs")
    toy.commit()
    toy.edit(" revoked ", " rotated ", f"{KEYS}/epochs")
    toy.stage()
    assert f"lost-epoch {KEYS}/epochs:1" in toy.found(staged=True)


def test_a_key_put_there_by_somebody_who_can_grant_nobody(toy: Toy) -> None:
    before = {name: toy.read(f"{KEYS}/{name}.grant") for name in ("alice", "bob")}
    toy.group("default", NUMBERS["default"], 5)
    for name, text in before.items():
        toy.write(f"{KEYS}/{name}.grant", text)
    toy.stage()
    assert f"unproven-key {KEYS}/epochs:1" in toy.found(staged=True)


def test_a_new_reader_and_a_new_group_are_nothing(toy: Toy) -> None:
    toy.git("rm", "-qf", f"{KEYS}/bob.age", f"{KEYS}/bob.grant")
    toy.commit()
    toy.group("default", readers="bob")
    assert toy.staged() == []


# -- the policy and its folder


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("version: 1\nrules:\n- {files: a, color: red}\n", 3),
        ("version: 1\nrules: [\n", 3),
        ("<<<<<<< ours\nversion: 1\n=======\n>>>>>>> theirs\n", 2),
        ("version: 2\n", 1),
        ("", 1),
    ],
)
def test_a_policy_that_cannot_be_read(toy: Toy, text: str, line: int) -> None:
    toy.write(".sealedfiles/policy.yaml", text)
    assert toy.staged() == [f"bad-policy .sealedfiles/policy.yaml:{line}"]
    (finding,) = toy.findings(staged=True)
    assert ("conflict markers" in finding.what) == ("<<<" in text)


def test_the_last_valid_policy_is_named(toy: Toy) -> None:
    file = ".sealedfiles/policy.yaml"
    valid = toy.git("rev-parse", "--short", "HEAD").strip()
    toy.write(file, "version: 2\n")
    toy.stage()
    # To restore it would discard edits that were not committed.
    assert toy.findings(staged=True)[0].fix == f"git diff HEAD -- {file}"
    for version in (2, 3):
        toy.write(file, f"version: {version}\n")
        toy.commit()
    (finding,) = toy.findings()
    assert finding.fix == f"git checkout {valid} -- {file}"
    toy.git(*finding.fix.split()[1:])
    toy.commit()
    assert toy.findings() == []


def test_a_policy_that_is_missing(toy: Toy) -> None:
    toy.remove(".sealedfiles/policy.yaml")
    assert toy.staged() == ["bad-policy .sealedfiles/policy.yaml"]
    file = ".sealedfiles/policy.yaml"
    assert toy.findings(staged=True)[0].fix == f"git checkout HEAD -- {file}"
    removal = toy.commit()
    toy.write("readme", "x")
    toy.commit()
    (finding,) = toy.findings()
    assert finding.code == "bad-policy"
    command = finding.fix.split()
    assert toy.git("rev-parse", command[2]) == toy.git("rev-parse", f"{removal}~")
    toy.git(*command[1:])
    assert toy.findings() == []


def test_without_a_policy_what_needs_no_rules_is_checked(toy: Toy) -> None:
    toy.write(".sealedfiles/policy.yaml", "version: 2\n")
    toy.edit("  password:", "  pass:")
    toy.edit(toy.token("user"), "open")
    assert toy.staged() == [
        "bad-policy .sealedfiles/policy.yaml:1",
        f"sealed-before {APP}:3 db.user",
        f"moved {APP}:4 db.pass",
    ]


@pytest.mark.parametrize("name", ["policy.yaml", "keys/default/epochs", "keys/default/bob.age"])
def test_a_symbolic_link_in_the_folder(toy: Toy, name: str) -> None:
    link = toy.path / ".sealedfiles" / name
    link.unlink()
    link.symlink_to("/etc/hostname")
    assert f"symlink .sealedfiles/{name}" in toy.staged()


def test_a_symbolic_link_in_the_folder_s_place(toy: Toy) -> None:
    toy.git("mv", ".sealedfiles", "moved")
    (toy.path / ".sealedfiles").symlink_to("moved")
    assert "symlink .sealedfiles" in toy.staged()


def test_files_that_nobody_reads(toy: Toy) -> None:
    toy.write(f"{KEYS}/Mallory.age", "x")
    toy.write(".sealedfiles/keys/default/deeper/bob.age", "x")
    toy.write(".sealedfiles/README.md", "Hello.\n")
    toy.write(".sealedfiles/.gitattributes", "* -filter\n")
    assert toy.staged() == [
        f"odd-file {KEYS}/Mallory.age",
        f"odd-file {KEYS}/deeper/bob.age",
    ]


def test_an_identity_that_a_service_has_encrypted(toy: Toy) -> None:
    uri = parse_uri("vault-transit://transit/ci")
    identity = KmsIdentity(uri, "bob", fingerprint(public(BOB)[0]))
    toy.write(".sealedfiles/identities/bob.kms", format_file(identity, "vault:v1:AAAA"))
    assert toy.staged() == []
    for other in (
        identity._replace(reader="carol"),
        identity._replace(reader="alice"),
        identity._replace(fingerprint=fingerprint(public(CAROL)[0])),
    ):
        name = ".sealedfiles/identities/bob.kms"
        toy.write(name, format_file(other, "vault:v1:AAAA"))
        assert toy.staged() == [f"bad-identity {name}"]
    toy.write(name, "AAAA")
    assert toy.staged() == [f"bad-identity {name}"]
    toy.remove(name)
    toy.write(".sealedfiles/identities/Bob.kms", "AAAA")
    assert toy.staged() == ["odd-file .sealedfiles/identities/Bob.kms"]


def test_a_metadata_folder_in_a_subfolder(toy: Toy) -> None:
    toy.write("sub/.sealedfiles/policy.yaml", "version: 1\n")
    assert toy.staged() == ["nested-folder sub/.sealedfiles"]


def test_a_rule_for_a_group_without_keys(toy: Toy) -> None:
    toy.policy("- {files: 'secrets/*', values: name, plain: true}\n- {files: x, group: nobody}")
    toy.stage()
    assert "missing-group .sealedfiles/policy.yaml:4" in toy.found()

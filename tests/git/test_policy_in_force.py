"""The policy in force in a clone after somebody else changed the policy."""

from __future__ import annotations

import re
import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from keys.kit import group_key
from people import ENV, EVIL, FILES, YAML, Person, Repo, assert_clean, assert_no_plaintext, groups

from sealedfiles.errors import PolicyError, TamperedError
from sealedfiles.git.index import FileStates
from sealedfiles.git.policy_in_force import DisputedRules, InForce, PolicyInForce
from sealedfiles.keys.folder import DirFolder
from sealedfiles.keys.policy_proof import proof_line
from sealedfiles.keys.state import CloneFiles
from sealedfiles.model.policy import FileRules, parse_policy
from sealedfiles.model.policy_changes import differences, only_tracks_more

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sealedfiles.git.clone_keys import CloneKeys
    from sealedfiles.keys.keyfile import GroupKey

pytestmark = pytest.mark.many_variants

POLICY = ".sealedfiles/policy.yaml"
PROOF = ".sealedfiles/policy.proof"


@pytest.fixture
def mallory(origin: Path, tmp_path: Path) -> Repo:
    """Somebody with push access but without a key."""
    return Person.at(tmp_path / "mallory").clone(origin, tmp_path / "mallory's")


def send(sender: Repo, *receivers: Repo, message: str = "a change") -> None:
    sender.git("add", "-A")
    sender.git("commit", "--quiet", "--message", message)
    sender.git("push", "--quiet", "origin", "HEAD:main")
    for receiver in receivers:
        receiver.git("pull", "--quiet")


def test_a_change_that_a_colleague_proved_is_accepted_without_a_question(
    team: tuple[Repo, Repo],
) -> None:
    alice, bob = team
    alice.sealedfiles("track", "secrets/**/*.yaml", "--values", "database.name", "--plain", "--yes")
    send(alice, bob)
    bob.edit(YAML, "name: orders", "name: shop")
    bob.git("add", YAML)
    assert "trust policy" not in bob.stderr


def test_a_change_without_a_proof_leaves_the_old_policy_in_force(
    team: tuple[Repo, Repo], mallory: Repo
) -> None:
    alice, _ = team
    text = mallory.read(POLICY)
    mallory.write(
        POLICY, text.replace("values: service.**", "values: ['service.**', 'database.**']")
    )
    send(mallory, alice, message="tidy the policy")
    alice.edit(YAML, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    alice.git("add", YAML, code=128)
    assert "tidy the policy" in alice.stderr
    assert "(mallory, " in alice.stderr
    assert "+ rule" in alice.stderr
    assert "sealedfiles trust policy" in alice.stderr
    # A file that both policies treat alike is sealed as always.
    alice.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    alice.git("add", ENV)
    assert_no_plaintext(alice)
    assert alice.sealedfiles("doctor", code=None)
    assert "unproved-policy" in alice.sealedfiles("check", "--keyed", code=None)
    # A command that changes the policy does not put its own proof under that change.
    alice.sealedfiles("track", "more/**", code=1)
    assert "trust policy" in alice.stderr


def test_a_huge_policy_leaves_the_old_one_in_force(team: tuple[Repo, Repo], mallory: Repo) -> None:
    alice, _ = team
    mallory.write(POLICY, mallory.read(POLICY) + "  - files: '*.txt'\n    plain: true\n" * 10_000)
    send(mallory, alice)
    assert alice.sealedfiles("get", YAML, "database.user") == "s3cr3t-user\n"
    alice.edit(YAML, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    alice.git("add", YAML, code=128)
    assert f"{POLICY} is larger than 256 KB" in alice.stderr
    alice.sealedfiles("track", "more/**", code=1)
    assert f"{POLICY} is larger than 256 KB" in alice.stderr


def test_a_proof_of_another_policy_proves_nothing(team: tuple[Repo, Repo], mallory: Repo) -> None:
    alice, _ = team
    mallory.write(POLICY, "version: 1\ntracked: []\nrules:\n  - files: '**'\n    plain: true\n")
    mallory.write(PROOF, alice.read(PROOF))
    send(mallory, alice)
    alice.write("secrets/new.yaml", "password: s3cr3t-new\n")
    alice.git("add", "secrets/new.yaml", code=128)
    assert_no_plaintext(alice)


def test_more_tracked_files_are_accepted_without_a_proof(
    team: tuple[Repo, Repo], mallory: Repo
) -> None:
    alice, _ = team
    mallory.write(POLICY, mallory.read(POLICY).replace("tracked:\n", "tracked:\n  - deploy/**\n"))
    send(mallory, alice)
    alice.write("deploy/new.yaml", "password: s3cr3t-new\n")
    alice.git("add", "-f", "deploy/new.yaml")
    assert "deploy/** filter=sealedfiles" in alice.folder("info/attributes").read_text()
    alice.git("add", "--renormalize", "deploy/new.yaml")
    assert b"s3cr3t" not in alice.blob("", "deploy/new.yaml")


def test_a_list_is_not_the_text_that_looks_like_it() -> None:
    """`values: "a b"` matches nothing that `values: [a, b]` matches."""
    old = parse_policy(b"version: 1\ntracked: []\nrules: [{files: x, values: [a, b]}]\n")
    new = parse_policy(b"version: 1\ntracked: [y]\nrules: [{files: x, values: 'a b'}]\n")
    assert not only_tracks_more(new, old)
    assert only_tracks_more(new, new)
    assert differences(new, old) == [
        "- rule files: x, values: a b",
        "+ rule files: x, values: a b",
        "+ tracked y",
    ]


def test_fewer_tracked_files_are_not_accepted_without_a_proof(
    team: tuple[Repo, Repo], mallory: Repo
) -> None:
    alice, _ = team
    mallory.write(POLICY, re.sub(r"tracked:\n(  - .*\n)+", "tracked: []\n", mallory.read(POLICY)))
    (mallory.path / ".gitattributes").unlink()
    send(mallory, alice)
    alice.write("secrets/new.yaml", "password: s3cr3t-new\n")
    alice.git("add", "secrets/new.yaml")
    assert_no_plaintext(alice)


def test_a_reader_of_one_group_cannot_send_values_of_another_one_to_it(
    team: tuple[Repo, Repo],
) -> None:
    """Bob reads only `default`; his proof is not enough for Alice, who also reads `production`."""
    alice, bob = team
    bob.write(POLICY, bob.read(POLICY).replace("group: production", "group: default"))
    bob.sealedfiles("trust", "policy", "--yes")
    send(bob, alice)
    alice.edit(YAML, "s3cr3t-production", "s3cr3t-production-2")
    alice.git("add", YAML, code=128)
    assert "trust policy" in alice.stderr
    # Nor by a rule that seals the whole file, which he could then open.
    bob.write(POLICY, "version: 1\nrules:\n  - files: '**'\n    format: whole\n")
    bob.sealedfiles("trust", "policy", "--yes")
    send(bob, alice)
    alice.git("add", YAML, code=128)
    assert groups(alice.blob("", YAML).decode()) == {"default", "production"}


@pytest.mark.parametrize("removed", ["folder", "epochs", "file in its place", "her files"])
@pytest.mark.parametrize("is_relocked", [False, True])
def test_removing_the_keys_of_a_group_takes_its_vote_from_nobody(
    team: tuple[Repo, Repo], removed: str, is_relocked: bool
) -> None:
    """Bob's policy is proved by `default` only, and Alice's clone has or had the keys of `production`."""
    alice, bob = team
    bob.write(POLICY, bob.read(POLICY).replace("group: production", "group: default"))
    bob.sealedfiles("trust", "policy", "--yes")
    folder = bob.path / ".sealedfiles/keys/production"
    if removed == "epochs":
        (folder / "epochs").unlink()
    elif removed == "her files":
        for file in folder.glob("alice.*"):
            file.unlink()
    else:
        shutil.rmtree(folder)
    if removed == "file in its place":
        folder.write_text("x")
    bob.git("add", "-A")
    bob.git("commit", "--quiet", "--no-verify", "--message", "simplify")
    bob.git("push", "--quiet", "--no-verify", "origin", "HEAD:main")
    alice.git("pull", "--quiet")
    if is_relocked:
        alice.sealedfiles("lock")
        alice.sealedfiles("unlock", code=None)
    alice.write("secrets/new.yaml", "production:\n  pin: s3cr3t-production-2\n")
    alice.git("add", "secrets/new.yaml", code=128)
    if not is_relocked:
        alice.edit(YAML, "s3cr3t-production", "s3cr3t-production-2")
        alice.git("add", YAML, code=128)


def test_a_changed_value_that_gets_other_readers_is_named(repo: Repo) -> None:
    repo.write(POLICY, repo.read(POLICY).replace("group: production", "group: default"))
    repo.sealedfiles("trust", "policy", "--yes")
    repo.edit(YAML, "s3cr3t-production", "s3cr3t-production-2")
    repo.git("add", YAML)
    assert "sealed to default; it was sealed to production before" in repo.stderr
    assert len(groups(repo.blob("", YAML).decode())) == 1


def test_a_manual_edit_is_confirmed_once_for_everybody(team: tuple[Repo, Repo]) -> None:
    alice, bob = team
    alice.write(POLICY, alice.read(POLICY).replace("values: APP_*", "values: [APP_*, DB_NAME]"))
    alice.sealedfiles("trust", "policy", answers="y\n")
    assert "DB_NAME" in alice.stderr
    send(alice, bob)
    bob.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    bob.git("add", ENV)
    alice.sealedfiles("trust", "policy")
    assert "is already confirmed" in alice.stderr


def test_a_no_confirms_nothing(team: tuple[Repo, Repo]) -> None:
    alice, _ = team
    proof = alice.read(PROOF)
    alice.write(POLICY, alice.read(POLICY) + "# a remark\n")
    alice.sealedfiles("trust", "policy", answers="n\n", code=None)
    assert alice.read(PROOF) == proof


def test_a_rotation_keeps_the_policy_proved(team: tuple[Repo, Repo]) -> None:
    alice, bob = team
    alice.sealedfiles("rotate", "default")
    send(alice, bob)
    bob.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    bob.git("add", ENV)
    assert "unproved-policy" not in bob.sealedfiles("check", "--keyed", code=None)
    assert_no_plaintext(bob)


@pytest.mark.slow
def test_a_first_clone_accepts_what_is_proved_and_asks_about_the_rest(
    team: tuple[Repo, Repo], mallory: Repo, origin: Path, tmp_path: Path
) -> None:
    alice, _ = team
    first = alice.person.clone(origin, tmp_path / "first")
    first.sealedfiles("unlock")
    assert "policy" not in first.stderr
    mallory.write(POLICY, mallory.read(POLICY) + "recovery: mallory\n")
    send(mallory)
    second = alice.person.clone(origin, tmp_path / "second")
    second.sealedfiles("unlock")
    assert "not proved" in second.stderr
    second.edit(YAML, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    second.git("add", YAML, code=128)
    assert second.read(ENV) == FILES[ENV]
    second.sealedfiles("trust", "policy", "--yes")
    second.git("add", YAML)
    assert_no_plaintext(second)


def test_branches_with_policies_of_their_own_can_be_switched(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.sealedfiles("track", "topic/**")
    repo.git("commit", "--quiet", "--message", "track more")
    repo.git("checkout", "--quiet", "main")
    assert_clean(repo)
    repo.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    repo.commit("on main")
    repo.git("merge", "--quiet", "--no-edit", "topic")
    assert_clean(repo)
    assert_no_plaintext(repo)


def test_two_branches_that_track_files_merge(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.write(POLICY, repo.read(POLICY).replace("tracked:\n", "tracked:\n  - topic/**\n"))
    repo.sealedfiles("trust", "policy", "--yes")
    repo.git("commit", "--quiet", "--message", "track topic")
    repo.git("checkout", "--quiet", "main")
    repo.sealedfiles("track", "other/**")
    repo.git("commit", "--quiet", "--message", "track other")
    repo.git("merge", "--quiet", "--no-edit", "topic")
    repo.write("topic/a.yaml", "a: s3cr3t-1\n")
    repo.write("other/a.yaml", "a: s3cr3t-2\n")
    repo.git("add", "-A")
    assert_no_plaintext(repo)
    repo.sealedfiles("sync")
    assert "unproved-policy" not in repo.sealedfiles("check", "--keyed", code=None)


def test_a_repository_of_an_older_version_lists_its_patterns_once(repo: Repo) -> None:
    text = re.sub(r"tracked:\n(  - .*\n)+", "", repo.read(POLICY))
    repo.write(POLICY, text)
    repo.sealedfiles("trust", "policy", "--yes")
    repo.git("commit", "--quiet", "--message", "as an older version wrote it")
    repo.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    repo.commit("still sealed")
    assert_no_plaintext(repo)
    repo.sealedfiles("unlock")
    assert "tracked:\n" in repo.read(POLICY)
    assert re.search(r"- .*\*\.env", repo.read(POLICY))


# -- the rules while a change is not confirmed


def rules(text: str) -> FileRules:
    return parse_policy(f"version: 1\nrules: [{text}]\n".encode()).for_file("secrets/key.bin")


def disputed(old: str, new: str | None) -> DisputedRules:
    return DisputedRules(rules(old), None if new is None else rules(new), PolicyError("disputed"))


OLD = "{files: '**', group: production}"


CHANGES = [
    "{files: '**', group: default}",
    "{files: '**', plain: true}",
    "{files: '**', group: production, format: json}",
    None,  # cannot be read
]


def test_a_value_that_the_change_treats_differently_is_not_sealed() -> None:
    for new in CHANGES:
        with pytest.raises(PolicyError, match="disputed"):
            disputed(OLD, new).sealing_group(b"key")


def test_nor_is_a_file_sealed_whole() -> None:
    one_more_group = "{files: '**', values: a, group: default}, {files: '**', group: production}"
    for new in [*CHANGES, one_more_group]:
        with pytest.raises(PolicyError, match="disputed"):
            disputed(OLD, new).sealing_whole_groups()


def test_what_the_change_treats_alike_is_sealed_as_before() -> None:
    unchanged = disputed(OLD, f"{OLD}, {{files: other, plain: true}}")
    assert unchanged.sealing_whole_groups() == ["production"]
    assert unchanged.sealing_group(b"key") == "production"
    # Values must be asked for one by one, although the old rules treat all of them alike.
    assert rules(OLD).uniform
    assert not unchanged.uniform


# -- the first policy of a clone


class Keys:
    """The keys of a clone; *fails* is the method that reports a group with other keys than expected."""

    def __init__(
        self,
        *,
        held: bool,
        locked: bool = False,
        fails: str = "",
        groups: Sequence[str] = ("default",),
    ) -> None:
        self._held = groups if held else ()
        self._fails = fails
        self.locked = locked

    def holds(self, group: str) -> bool:
        self._verify("holds", group)
        return group in self._held

    def groups(self) -> list[str]:
        return list(self._held)

    def current(self, group: str) -> GroupKey:
        self._verify("current", group)
        return group_key(1)

    def _verify(self, method: str, group: str) -> None:
        if method == self._fails:
            raise TamperedError(f"{group} was replaced")


class Unreadable(FileStates):
    """The states of files, as a user sees them who may not read the record of the clone."""

    def of(self, file: str) -> tuple[int, int, int] | None:
        if file.endswith("state/policy"):
            raise PermissionError(file)
        return super().of(file)


def decide(
    folder: Path,
    keys: Keys,
    *,
    proved: bool = False,
    expected: Sequence[str] = (),
    states: FileStates | None = None,
) -> InForce:
    """Let a clone that has not accepted a policy decide about one that leaves everything in plaintext."""
    root = folder / ".sealedfiles"
    root.mkdir(parents=True)
    data = b"version: 1\nrules: [{files: x, group: default}, {files: '**', plain: true}]\n"
    (root / "policy.yaml").write_bytes(data)
    if proved:
        (root / "policy.proof").write_text(proof_line("default", group_key(1), data) + "\n")
    clone = SimpleNamespace(
        is_accepted=True,
        ring=keys,
        state=CloneFiles(folder / "state"),
        states=states or FileStates(),
        work_tree=DirFolder(root),
        policy_folders=lambda: [DirFolder(root)],
        pinned_patterns=list,
        group_names=lambda: ["default", "other"],
        identities=SimpleNamespace(
            expected={group: {"a" * 16} for group in expected}, read_named=lambda: None
        ),
        repository=SimpleNamespace(ignores_case=False, try_run=lambda *_: (128, b"", b"")),
    )
    return PolicyInForce(cast("CloneKeys", clone)).get()


def test_a_proved_policy_is_accepted(tmp_path: Path) -> None:
    assert decide(tmp_path, Keys(held=True), proved=True).is_accepted


def test_it_is_also_if_the_record_belongs_to_another_user(tmp_path: Path) -> None:
    assert decide(tmp_path, Keys(held=True), proved=True, states=Unreadable()).is_accepted


@pytest.mark.parametrize("named", ["default", "other"])
def test_every_group_of_the_clone_must_prove_it(tmp_path: Path, named: str) -> None:
    """Also one that no rule names: anybody could have taken its rules out."""
    keys = Keys(held=True, groups=["default", "other"] if named == "default" else ["other"])
    assert not decide(tmp_path, keys, proved=True).is_accepted


def test_every_group_that_it_expects_must_prove_it(tmp_path: Path) -> None:
    """Also one whose folder was deleted."""
    keys = Keys(held=True)
    assert not decide(tmp_path, keys, proved=True, expected=["default", "gone"]).is_accepted


def test_without_any_key_the_first_policy_is_accepted(tmp_path: Path) -> None:
    assert decide(tmp_path, Keys(held=False)).is_accepted


def assert_all_sealed(decided: InForce) -> None:
    assert not decided.is_accepted
    assert decided.policy.for_file("y").group_of(b"key") is not None


def test_without_a_proof_it_leaves_nothing_in_plaintext(tmp_path: Path) -> None:
    assert_all_sealed(decide(tmp_path, Keys(held=True)))


def test_nor_does_one_in_a_locked_clone(tmp_path: Path) -> None:
    assert_all_sealed(decide(tmp_path, Keys(held=False, locked=True)))


def test_nor_does_one_whose_keys_cannot_be_trusted(tmp_path: Path) -> None:
    for fails in ("holds", "current"):
        keys = Keys(held=True, fails=fails)
        assert_all_sealed(decide(tmp_path / fails, keys, proved=True))


# -- a fresh clone, where no policy was accepted before


@pytest.mark.parametrize(
    "policy",
    [b"version: 1\ntracked: [zzz]\nrules: []\n", b"version: 1\nrules: []\n", b"x: [", None],
    ids=["shorter", "none", "broken", "missing"],
)
@pytest.mark.parametrize("history", ["", "hidden", "gone", "not fetched"])
def test_it_seals_the_files_of_the_last_proved_policy(
    alice: Repo, mallory: Repo, tmp_path: Path, policy: bytes | None, history: str
) -> None:
    """Without one in its history, every file."""
    mallory.write(".gitattributes", "")
    mallory.write("other.txt", "this was never sealed\n")
    mallory.write(POLICY, policy or "")
    if policy is None:
        (mallory.path / POLICY).unlink()
    mallory.git("add", "-A")
    commit = ["commit-tree", mallory.git("write-tree").strip(), "-m", "tidy"]
    if history == "hidden":  # behind a merge of a commit with the same policy
        alone = mallory.git(*commit).strip()
        commit += ["-p", alone, "-p", "HEAD"]
    elif history != "gone":
        commit += ["-p", "HEAD"]
    new = mallory.git(*commit).strip()
    mallory.git("push", "--quiet", "--force", "origin", f"{new}:main")
    origin = mallory.git("config", "remote.origin.url").strip()
    depth = ["--depth=1"] if history == "not fetched" else []
    fresh = alice.person.clone(f"file://{origin}", tmp_path / "fresh", *depth)
    fresh.sealedfiles("unlock", code=None)
    assert "other.txt" not in fresh.stderr + fresh.sealedfiles("status", code=None)
    fresh.write(".env", "NEW=s3cr3t-new\n")
    fresh.write("secrets/new.yaml", "a: s3cr3t-new\n")
    for path in (ENV, "secrets/new.yaml"):
        fresh.git("add", path, code=128)
        assert POLICY in fresh.stderr
    assert b"s3cr3t-new" not in b"".join(content for _, content in fresh.objects())
    fresh.write("notes.txt", "open\n")
    fresh.git("add", "notes.txt", code=128 if history in ("gone", "not fetched") else 0)
    # A reader who reviews the policy confirms it.
    if policy and policy.startswith(b"version"):
        fresh.sealedfiles("trust", "policy", "--yes")
        fresh.git("add", "notes.txt")


@pytest.mark.parametrize("folder", ["", "secrets/"])
@pytest.mark.parametrize("tracked", ["", "tracked: [zzz]\n"])
def test_it_seals_what_gitattributes_listed_where_the_proved_policy_lists_nothing(
    alice: Repo, mallory: Repo, tmp_path: Path, tracked: str, folder: str
) -> None:
    old = re.sub(r"^tracked:\n(  -.*\n)*", "", alice.read(POLICY), flags=re.MULTILINE)
    assert old != alice.read(POLICY)
    alice.write(POLICY, old)
    if folder:
        lines = alice.read(".gitattributes").replace("secrets/**/*.yaml", "*.yaml")
        alice.write("secrets/.gitattributes", lines)
        alice.write(".gitattributes", lines.replace("*.yaml", "nothing"))
    alice.sealedfiles("trust", "policy", "--yes")
    alice.commit("as older versions wrote it")
    alice.git("push", "--quiet", "origin", "HEAD:main")
    mallory.git("pull", "--quiet")
    mallory.write(".gitattributes", "")
    mallory.write("secrets/.gitattributes", "")
    mallory.write(POLICY, old + tracked)
    mallory.write(ENV, "DB_USER=evil\n")
    mallory.git("commit", "--quiet", "--all", "--message", "tidy")
    fresh = alice.person.clone(mallory, tmp_path / "fresh")
    fresh.sealedfiles("get", ENV, "DB_USER", code=4)
    fresh.sealedfiles("unlock", code=None)
    fresh.write("secrets/new.yaml", "a: s3cr3t-new\n")
    fresh.git("add", "secrets/new.yaml", code=128 if tracked else 0)
    assert b"s3cr3t-new" not in b"".join(content for _, content in fresh.objects())
    fresh.write("notes.yaml", "open: yes\n")  # outside of the folder
    fresh.git("add", "notes.yaml")
    assert fresh.blob("", "notes.yaml") == b"open: yes\n"


def test_before_the_first_commit_only_what_gitattributes_lists_is_sealed(
    alice: Repo, tmp_path: Path
) -> None:
    new = alice.person.repository(tmp_path / "new")
    new.sealedfiles("init")
    new.write(POLICY, "version: 1\nrules: []\n")
    new.write(".gitattributes", "*.env filter=sealedfiles -text\n")
    new.sealedfiles("trust", "policy", "--yes")
    new.write(ENV, "A=s3cr3t-new\n")
    new.write("notes.txt", "open\n")
    new.git("add", "--all")
    assert new.blob("", "notes.txt") == b"open\n"
    assert new.tokens("", ENV)


def test_it_seals_every_file_where_the_keys_were_replaced(
    alice: Repo, mallory: Repo, tmp_path: Path
) -> None:
    """On a branch without common history, none of whose policies her keys prove."""
    origin = mallory.git("config", "remote.origin.url").strip()
    other = mallory.person.repository(tmp_path / "other")
    other.sealedfiles("init", "--name", "mallory")
    key = mallory.read(".sealedfiles/recipients/alice.pub").strip()
    other.sealedfiles("grant", "alice", key, "--to", "default")
    other.commit("other keys")
    other.git("push", "--quiet", "--no-verify", f"file://{origin}", "HEAD:topic")
    alice.git("push", "--quiet", "origin", "HEAD:main")
    fresh = alice.person.clone(f"file://{origin}", tmp_path / "fresh", "--branch", "topic")
    fresh.sealedfiles("unlock", code=4)
    fresh.write(ENV, "NEW=s3cr3t-new\n")
    fresh.git("add", ENV, code=128)
    assert "the policy is not proved by your groups" in fresh.stderr
    assert b"s3cr3t-new" not in b"".join(content for _, content in fresh.objects())


@pytest.mark.parametrize("path", [POLICY, ".sealedfiles"])
@pytest.mark.parametrize("is_link", [True, False], ids=["a link", "nothing"])
def test_also_if_a_symbolic_link_or_nothing_is_in_its_place(
    alice: Repo, mallory: Repo, tmp_path: Path, path: str, is_link: bool
) -> None:
    mallory.write(".gitattributes", "")
    mallory.git("mv", path, "moved")
    if is_link:
        (mallory.path / path).symlink_to("moved" if path == ".sealedfiles" else "../moved")
    mallory.git("add", "-A")
    mallory.git("commit", "--quiet", "--message", "tidy")
    fresh = alice.person.clone(mallory, tmp_path / "fresh")
    fresh.git("config", "sealedfiles.hooks", "true")
    fresh.sealedfiles("unlock", code=None)
    assert ("is a symbolic link" if is_link else "restore it: git checkout") in fresh.stderr
    fresh.write("secrets/new.yaml", "a: s3cr3t-new\n")
    fresh.git("add", "secrets/new.yaml", code=128)
    assert (fresh.path / ".git/hooks/pre-commit").exists()


def test_also_if_the_key_file_of_its_user_is_gone(
    alice: Repo, mallory: Repo, tmp_path: Path
) -> None:
    mallory.write(".gitattributes", "")
    mallory.write(POLICY, "version: 1\ntracked: [zzz]\nrules: []\n")
    for file in (mallory.path / ".sealedfiles/keys").glob("*/alice.*"):
        file.unlink()
    mallory.git("add", "-A")
    mallory.git("commit", "--quiet", "--message", "tidy")
    fresh = alice.person.clone(mallory, tmp_path / "fresh")
    fresh.sealedfiles("unlock", code=3)
    fresh.write("secrets/new.yaml", "a: s3cr3t-new\n")
    fresh.git("add", "secrets/new.yaml", code=128)
    assert "no key for the group" in fresh.stderr
    fresh.write("notes.txt", "open\n")
    fresh.git("add", "notes.txt")


@pytest.mark.parametrize("how", ["without a checkout", "on an earlier branch"])
def test_unlock_sets_up_git_where_the_folder_is_not_checked_out(
    alice: Repo, tmp_path: Path, how: str
) -> None:
    if how == "on an earlier branch":
        empty = alice.git("mktree").strip()
        alice.git("branch", "old", alice.git("commit-tree", empty, "-m", "old").strip())
    options = ["--no-checkout"] if how == "without a checkout" else ["--branch=old"]
    fresh = alice.person.clone(alice, tmp_path / "fresh", *options)
    fresh.sealedfiles("unlock", code=None)
    assert "git checkout" in fresh.stderr
    fresh.git("checkout", "--quiet", "--force", "main")
    fresh.write("secrets/new.yaml", "a: s3cr3t-new\n")
    fresh.git("add", "secrets/new.yaml", code=None)
    assert b"s3cr3t-new" not in b"".join(content for _, content in fresh.objects())


def test_unlock_changes_nothing_where_sealedfiles_was_never_set_up(
    alice: Repo, tmp_path: Path
) -> None:
    other = alice.person.repository(tmp_path / "other")
    before = other.git("config", "--local", "--list")
    other.sealedfiles("unlock", code=2)
    assert other.git("config", "--local", "--list") == before


def without_rules_of(group: str, repo: Repo, to: str) -> None:
    policy = repo.read(".sealedfiles/policy.yaml")
    assert f"group: {group}" in policy
    repo.write(".sealedfiles/policy.yaml", policy.replace(f"group: {group}", to))


def forged_pin(repo: Repo, literal: str) -> None:
    stored = repo.blob("HEAD", YAML).decode()
    text = re.sub(r"(  pin: )\S+", lambda match: match[1] + literal, stored)
    assert text != stored
    oid = repo.git("hash-object", "-w", "--stdin", "--no-filters", answers=text).strip()
    repo.git("update-index", "--cacheinfo", f"100644,{oid},{YAML}")


def deploy_key(alice: Repo, *groups: str) -> str:
    options = [option for group in groups for option in ("--to", group)]
    key = alice.sealedfiles("keygen", "--deploy", "ci", *options)
    alice.commit("a deploy key")
    return key


def job(alice: Repo, bob: Repo, key: str, folder: Path) -> Repo:
    """Return a clone of Bob's commits, made without hooks, for a machine with *key*."""
    bob.git("commit", "--quiet", "--no-verify", "--message", "tidy")
    machine = Person.at(folder / "ci").having(CI="1", SEALEDFILES_KEY=key)
    return machine.clone(bob, folder / "job")


def test_a_machine_of_one_group_accepts_no_policy_without_its_rules(
    team: tuple[Repo, Repo], tmp_path: Path
) -> None:
    alice, bob = team
    key = deploy_key(alice, "production")
    bob.git("pull", "--quiet", "--ff-only", str(alice.path), "main")
    without_rules_of("production", bob, "plain: true")
    bob.git("add", ".sealedfiles")
    forged_pin(bob, EVIL)
    ci = job(alice, bob, key, tmp_path)
    assert ci.sealedfiles("get", YAML, "production.pin", code=4) == ""
    assert ci.sealedfiles("run", "-f", YAML, "--", "env", code=4) == ""


@pytest.mark.parametrize("gone", ["keys/*/ci.age", "keys/production", "keys"])
def test_nor_a_policy_without_the_keys_of_its_group(
    team: tuple[Repo, Repo], tmp_path: Path, gone: str
) -> None:
    """Its key contains the groups that must exist."""
    alice, bob = team
    key = deploy_key(alice, "production")
    bob.git("pull", "--quiet", "--ff-only", str(alice.path), "main")
    without_rules_of("production", bob, "plain: true")
    for path in (bob.path / ".sealedfiles").glob(gone):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    bob.git("add", "--all", ".sealedfiles")
    forged_pin(bob, EVIL)
    ci = job(alice, bob, key, tmp_path)
    for command in (["get", YAML, "production.pin"], ["run", "-f", YAML, "--", "env"]):
        assert ci.sealedfiles(*command, code=None) == ""
        assert EVIL not in ci.stderr


@pytest.mark.parametrize("to", ["plain: true", "group: default"])
def test_a_machine_of_several_groups_accepts_no_policy_that_only_one_proves(
    team: tuple[Repo, Repo], tmp_path: Path, to: str
) -> None:
    alice, bob = team
    key = deploy_key(alice, "default", "production")
    bob.git("pull", "--quiet", "--ff-only", str(alice.path), "main")
    without_rules_of("production", bob, to)
    bob.sealedfiles("trust", "policy", "--yes")
    if to == "group: default":
        bob.write(YAML, re.sub(r"(  pin: )\S+", rf"\1{EVIL}", bob.read(YAML)))
        bob.git("add", YAML)
    else:
        forged_pin(bob, EVIL)
    ci = job(alice, bob, key, tmp_path)
    for command in (
        ["get", YAML, "production.pin"],
        ["cat", YAML],
        ["run", "-f", YAML, "--", "env"],
    ):
        assert ci.sealedfiles(*command, code=4) == ""
    assert "policy" in ci.stderr


@pytest.mark.parametrize("how", ["comments", "variable"])
def test_nor_one_without_a_group_that_it_expects(
    team: tuple[Repo, Repo], tmp_path: Path, how: str
) -> None:
    """A shallow clone shows nothing of the keys that were deleted."""
    alice, bob = team
    key = deploy_key(alice, "default", "production")
    starts = re.findall(r"sealedfiles: (\S+) starts with (\S+)", key)
    bob.git("pull", "--quiet", "--ff-only", str(alice.path), "main")
    without_rules_of("production", bob, "group: default")
    shutil.rmtree(bob.path / ".sealedfiles/keys/production")
    bob.sealedfiles("trust", "policy", "--yes")
    bob.write(YAML, re.sub(r"(  pin: )\S+", rf"\1{EVIL}", bob.read(YAML)))
    bob.git("add", "--all", ".sealedfiles", YAML)
    bob.git("commit", "--quiet", "--no-verify", "--message", "tidy")
    assert "pin: sealed:v1:default:" in bob.blob("HEAD", YAML).decode().replace('"', "")
    variables = {"CI": "1", "SEALEDFILES_KEY": key}
    if how == "variable":
        variables["SEALEDFILES_KEY"] = key.rstrip("\n").split("\n")[-1]
        variables["SEALEDFILES_EXPECT"] = ",".join("=".join(one) for one in starts)
    machine = Person.at(tmp_path / "ci").having(**variables)
    ci = machine.clone(bob.path.as_uri(), tmp_path / "job", "--depth", "1")
    for command in (
        ["get", YAML, "production.pin"],
        ["cat", YAML],
        ["run", "-f", YAML, "--", "env"],
    ):
        assert ci.sealedfiles(*command, code=4) == ""
        assert "the policy is not proved by production" in ci.stderr


def test_more_tracked_files_need_no_proof_of_all_groups_where_history_has_one(
    team: tuple[Repo, Repo], tmp_path: Path
) -> None:
    """Bob cannot prove the policy for the readers of production."""
    alice, bob = team
    key = deploy_key(alice, "production", "default")
    bob.git("pull", "--quiet", "--ff-only", str(alice.path), "main")
    bob.sealedfiles("track", "*.tok")
    assert "the policy is not proved by production" in bob.stderr
    assert "readers of production: alice, ci" in bob.stderr
    ci = job(alice, bob, key, tmp_path)
    assert ci.sealedfiles("get", YAML, "production.pin") == "s3cr3t-production\n"
    # Any other change is for a reader of production to confirm, and the message says so.
    policy = bob.read(".sealedfiles/policy.yaml")
    bob.write(".sealedfiles/policy.yaml", policy.replace("service.**", "service.name"))
    bob.sealedfiles("trust", "policy", "--yes")
    assert "the policy is not proved by production" in bob.stderr
    ci = job(alice, bob, key, tmp_path / "again")
    ci.sealedfiles("get", YAML, "production.pin", code=4)
    assert "the policy is not proved by production" in ci.stderr
    assert "ask a reader of production to confirm" in ci.stderr


def test_trust_policy_names_no_group_that_is_only_expected(alice: Repo, tmp_path: Path) -> None:
    expected = ["gone=" + "a" * 16]
    for group in ("default", "production"):
        expected.append(f"{group}={alice.read(f'.sealedfiles/keys/{group}/epochs').split()[0]}")
    person = alice.person.having(SEALEDFILES_EXPECT=",".join(expected))
    fresh = person.clone(alice, tmp_path / "fresh")
    fresh.sealedfiles("unlock", code=None)
    shown = fresh.sealedfiles("trust", "policy", "--yes")
    assert "authenticated with the keys of default, production" in shown + fresh.stderr

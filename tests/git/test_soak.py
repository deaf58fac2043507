"""Five hundred random git operations by three people with different groups, in three clones.

Checks after each operation: no plaintext is in any object, nothing looks modified that nobody edited,
readers can decrypt every value of their groups, every token of every commit is where it belongs, and
only tokens of changed values have changed. The seed is fixed (for others: SOAK_SEED and SOAK_STEPS);
the report of a failure lists the operations.
"""

from __future__ import annotations

import os
import random
import re
from typing import TYPE_CHECKING, TypeAlias

import pytest
from people import SECRET, TOKEN, Person, Repo

from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import Repository
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.sealing import describe_file, open_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("SOAK_SEED", "20261124"))
STEPS = int(os.environ.get("SOAK_STEPS", "500"))

GROUPS = ("default", "staging", "production")
READS = {"alice": GROUPS, "bob": ("default", "staging"), "carol": ("default",)}
FILES = ("deploy/app.yaml", "deploy/app.json", ".env")

Both: TypeAlias = "tuple[dict[str, str], dict[str, str]]"
"""The entries of a file by key: as git has them, and opened."""

VALUE = re.compile(rf"{SECRET}-[a-z]+-\d+")
LINE = re.compile(
    r"""^[ "]*(?P<key>(?P<group>default|staging|production)_\d+)"?[:=]\s*(?P<value>.*?),?$"""
)


def first_text(path: str) -> str:
    keys = [f"{group}_{number}" for group in GROUPS for number in range(4)]
    values = {key: f"{SECRET}-start-{at}" for at, key in enumerate(keys)}
    if path.endswith(".json"):
        lines = ",\n".join(f'  "{key}": "{value}"' for key, value in values.items())
        return f"{{\n{lines}\n}}\n"
    if path.endswith(".yaml"):
        return "# settings\n" + "".join(f"{key}: {value}\n" for key, value in values.items())
    return "# settings\n" + "".join(f"{key}={value}\n" for key, value in values.items())


def entries(text: str) -> dict[str, str]:
    """Return the key and the source text of the value for every line that has one."""
    found = (LINE.match(line) for line in text.split("\n"))
    return {match["key"]: match["value"].strip('"') for match in found if match}


class Walk:
    """The three clones and the operations on them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.log: list[str] = []
        self.counter = 0
        self.repos = dict(_team(folder))
        self.seen_objects: dict[str, set[str]] = {name: set() for name in self.repos}
        self.seen_commits: set[str] = set()
        self.trees: dict[str, dict[str, Both]] = {}
        self.opened: dict[tuple[str, str], Both] = {}
        alice = self.repos["alice"]
        git_dir = alice.path / ".git"
        identities = Identities(str(alice.person.identities))
        self.all_keys = Clone(Repository(alice.path, git_dir, git_dir), identities).ring

    # -- what people do

    def step(self) -> None:
        self.name = self.random.choice(list(self.repos))
        self.repo = self.repos[self.name]
        action = self.random.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        self.log.append(f"{self.name}: {action.__name__}")
        action(self)
        self.check()

    def git(self, *words: str, code: int | None = 0) -> str:
        self.log.append(f"    git {' '.join(words)}")
        out = self.repo.git(*words, code=code)
        if code is None:
            self.log += [f"      {line}" for line in (out + self.repo.stderr).split("\n") if line]
        assert "sealedfiles: " not in self.repo.stderr, self.repo.stderr
        return out

    def fresh(self) -> str:
        self.counter += 1
        return f"{SECRET}-{self.name}-{self.counter}"

    def files(self) -> list[str]:
        tracked = self.repo.git("ls-files", "-z").split("\0")[:-1]
        return [
            path
            for path in tracked
            if path.endswith((".yaml", ".json", ".env")) and not path.startswith(".sealedfiles")
        ]

    def branches(self) -> list[str]:
        found = self.repo.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()
        return [name for name in found if name != self.branch()]

    def branch(self) -> str:
        return self.repo.git("rev-parse", "--abbrev-ref", "HEAD").strip()

    def change_a_value(self) -> bool:
        """Change one value that this person reads; return True if there was one."""
        path = self.random.choice(self.files())
        text = self.repo.read(path)
        own = list(VALUE.finditer(text))
        if not own:
            return False
        match = self.random.choice(own)
        self.repo.write(path, text[: match.start()] + self.fresh() + text[match.end() :])
        self.log.append(f"    edit {path}")
        return True

    def tidy(self) -> None:
        """Remove local changes, as most commands require."""
        if self.repo.status():
            self.git("stash", "--include-untracked", "--quiet")

    def settle(self, abort: str) -> None:
        """Finish a merge (or similar) that stopped: take one side for all files, or abort."""
        if abort == "merge" and self.random.random() < 0.6:
            side = self.random.choice(["--ours", "--theirs"])
            for line in self.repo.git("status", "--porcelain", "-z").split("\0"):
                if line[:2] in ("UU", "AA"):
                    self.git("checkout", side, "--", line[3:])
                    self.git("add", "--", line[3:])
            if not any(line[:2] in UNMERGED for line in self.repo.status()):
                self.git("commit", "--quiet", "--no-edit", "--no-verify")
                return
        self.git(abort, "--abort")

    # -- what must hold

    def check(self) -> None:
        repo = self.repo
        self.check_objects(repo)
        self.check_commits(repo)
        if (repo.path / ".git" / "sealedfiles" / "locked").exists():
            return
        for path in self.files():
            file = repo.path / path
            if file.is_file() and b"sealed:v1:" in file.read_bytes():
                groups = {match["group"] for match in TOKEN.finditer(repo.read(path))}
                assert not groups & set(READS[self.name]), f"{path} has tokens that he can open"

    def check_objects(self, repo: Repo) -> None:
        listing = repo.git(
            "cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)"
        ).split()
        new = [name for name in listing if name not in self.seen_objects[self.name]]
        self.seen_objects[self.name].update(new)
        if new:
            content = repo.raw("git", "cat-file", "--batch", "--buffer", answers="\n".join(new))
            assert SECRET.encode() not in content, "plaintext in an object"

    def check_commits(self, repo: Repo) -> None:
        lines = repo.git("rev-list", "--parents", "--all", "--reflog", "--max-count=60").split("\n")
        for line in lines[:-1]:
            commit, *parents = line.split()
            if commit not in self.seen_commits:
                self.seen_commits.add(commit)
                self.check_commit(repo, commit, parents)

    def check_commit(self, repo: Repo, commit: str, parents: list[str]) -> None:
        now = self.tree(repo, commit)
        for path, (sealed, opened) in now.items():
            for parent in parents[:1]:
                before = self.tree(repo, parent).get(path)
                if before is None:
                    continue
                for key in sealed.keys() & before[0].keys():
                    if opened[key] == before[1][key]:
                        assert sealed[key] == before[0][key], f"{commit} {path} {key}: new token"

    def tree(self, repo: Repo, commit: str) -> dict[str, Both]:
        """Return the entries of every sealed file in a commit, as stored and decrypted."""
        if commit not in self.trees:
            found = {}
            for line in repo.git("ls-tree", "-r", "-z", commit).split("\0")[:-1]:
                head, _, path = line.partition("\t")
                if path.endswith((".yaml", ".json", ".env")) and not path.startswith(".sealed"):
                    found[path] = self.open(repo, path, head.split()[2])
            self.trees[commit] = found
        return self.trees[commit]

    def open(self, repo: Repo, path: str, oid: str) -> Both:
        if (path, oid) not in self.opened:
            blob = repo.raw("git", "cat-file", "blob", oid)
            opened = open_file(blob, describe_file(path.encode()), self.all_keys)
            assert not opened.problems, f"{path}: {opened.problems[0]}"
            sealed = entries(blob.decode())
            assert all(TOKEN.fullmatch(value) for value in sealed.values()), f"{path}: plain"
            self.opened[path, oid] = sealed, entries(opened.data.decode())
        return self.opened[path, oid]


UNMERGED = ("UU", "AA", "DD", "AU", "UA", "DU", "UD")


def edit_and_commit(walk: Walk) -> None:
    if walk.change_a_value():
        walk.git("commit", "--quiet", "--all", "--message", "an edit")
        assert walk.repo.status() == [] or all(s.startswith("??") for s in walk.repo.status())


def edit_only(walk: Walk) -> None:
    walk.change_a_value()


def edit_and_amend(walk: Walk) -> None:
    subject = walk.repo.git("show", "--no-patch", "--format=%s").strip()
    if subject != "start" and walk.change_a_value():
        walk.git("commit", "--quiet", "--all", "--amend", "--no-edit")


def add_a_key(walk: Walk) -> None:
    path = walk.random.choice(walk.files())
    group = walk.random.choice(READS[walk.name])
    walk.counter += 1
    key, value = f"{group}_{100 + walk.counter}", walk.fresh()
    text = walk.repo.read(path)
    if path.endswith(".json"):
        new = text.replace("{\n", f'{{\n  "{key}": "{value}",\n', 1)
    else:
        new = text + f"{key}{': ' if path.endswith('.yaml') else '='}{value}\n"
    walk.repo.write(path, new)
    walk.git("add", path)
    walk.git("commit", "--quiet", "--message", "a key")


def remove_a_key(walk: Walk) -> None:
    path = walk.random.choice(walk.files())
    lines = walk.repo.read(path).split("\n")
    numbers = [at for at, line in enumerate(lines) if LINE.match(line)]
    if len(numbers) > 4:
        del lines[walk.random.choice(numbers[:-1])]
        walk.repo.write(path, "\n".join(lines))
        walk.git("commit", "--quiet", "--all", "--message", "a key less")


def new_branch(walk: Walk) -> None:
    walk.counter += 1
    walk.git("checkout", "--quiet", "-b", f"{walk.name}-{walk.counter}")


def switch(walk: Walk) -> None:
    others = walk.branches()
    if others:
        walk.tidy()
        walk.git("checkout", "--quiet", walk.random.choice(others))
        assert walk.repo.status() == []


def detach_and_return(walk: Walk) -> None:
    walk.tidy()
    branch = walk.branch()
    commits = walk.repo.git("rev-list", "--max-count=8", "HEAD").split()
    walk.git("checkout", "--quiet", walk.random.choice(commits))
    assert walk.repo.status() == []
    walk.git("checkout", "--quiet", branch)
    assert walk.repo.status() == []


def merge(walk: Walk) -> None:
    others = walk.branches()
    if others:
        walk.tidy()
        walk.git("merge", "--no-edit", walk.random.choice(others), code=None)
        if (walk.repo.path / ".git" / "MERGE_HEAD").exists():
            walk.settle("merge")
        assert walk.repo.status() == []


def rebase(walk: Walk) -> None:
    others = walk.branches()
    if others:
        walk.tidy()
        walk.git("rebase", "--quiet", walk.random.choice(others), code=None)
        if (walk.repo.path / ".git" / "rebase-merge").exists():
            walk.settle("rebase")
        assert walk.repo.status() == []


def cherry_pick(walk: Walk) -> None:
    walk.tidy()
    commits = walk.repo.git("rev-list", "--no-merges", "--max-count=30", "--branches").split()
    walk.git("cherry-pick", "--allow-empty", walk.random.choice(commits), code=None)
    if (walk.repo.path / ".git" / "CHERRY_PICK_HEAD").exists():
        walk.settle("cherry-pick")
    assert walk.repo.status() == []


def revert(walk: Walk) -> None:
    walk.tidy()
    head = walk.repo.git("rev-list", "--no-merges", "--max-count=1", "HEAD").strip()
    if walk.repo.git("show", "--no-patch", "--format=%s", head).startswith(("an", "a key")):
        walk.git("revert", "--no-edit", head, code=None)
        if (walk.repo.path / ".git" / "REVERT_HEAD").exists():
            walk.settle("revert")
        assert walk.repo.status() == []


def stash(walk: Walk) -> None:
    if walk.change_a_value():
        walk.git("stash", "--quiet")
        assert walk.repo.status() == []


def pop(walk: Walk) -> None:
    if walk.repo.git("stash", "list"):
        walk.tidy()
        walk.git("stash", "pop", "--quiet", code=None)
        if any(line[:2] in UNMERGED for line in walk.repo.status()):
            walk.git("reset", "--quiet", "--hard")
            walk.git("stash", "drop", "--quiet")


def move(walk: Walk) -> None:
    walk.tidy()
    path = walk.random.choice(walk.files())
    if "deploy/" in path:
        walk.counter += 1
        new = f"deploy/app-{walk.counter}.{path.rpartition('.')[2]}"
        walk.git("mv", path, new)
        walk.git("commit", "--quiet", "--message", "a move")
        assert walk.repo.status() == []


def reset(walk: Walk) -> None:
    subject = walk.repo.git("show", "--no-patch", "--format=%s").strip()
    if subject in ("an edit", "a key"):
        mode = walk.random.choice(["--hard", "--soft", "--mixed"])
        walk.git("reset", "--quiet", mode, "HEAD~1")
        if mode != "--hard":
            walk.git("commit", "--quiet", "--all", "--message", "again")
        assert all(line.startswith("??") for line in walk.repo.status())


def share(walk: Walk) -> None:
    """Pull the others' changes from main, and push."""
    walk.tidy()
    walk.git("checkout", "--quiet", "main")
    walk.git("fetch", "--quiet")
    walk.git("merge", "--no-edit", "origin/main", code=None)
    if (walk.repo.path / ".git" / "MERGE_HEAD").exists():
        walk.git("merge", "--abort")
        walk.git("reset", "--quiet", "--hard", "origin/main")
    walk.git("push", "--quiet", "origin", "main")
    assert walk.repo.status() == []


def lock_and_unlock(walk: Walk) -> None:
    walk.tidy()
    walk.repo.sealedfiles("lock")
    assert walk.repo.status() == []
    walk.repo.sealedfiles("unlock")
    assert walk.repo.status() == []


ACTIONS: dict[Callable[[Walk], None], int] = {
    edit_and_commit: 24,
    edit_only: 6,
    edit_and_amend: 4,
    add_a_key: 8,
    remove_a_key: 4,
    new_branch: 5,
    switch: 8,
    detach_and_return: 3,
    merge: 10,
    rebase: 6,
    cherry_pick: 5,
    revert: 3,
    stash: 4,
    pop: 4,
    move: 3,
    reset: 4,
    share: 10,
    lock_and_unlock: 1,
}


def _team(folder: Path) -> Iterator[tuple[str, Repo]]:
    people = {name: Person.at(folder / name) for name in READS}
    keys = {name: person.keygen() for name, person in people.items()}
    repo = people["alice"].repository(folder / "alice's clone")
    repo.sealedfiles("init", "--name", "alice")
    for group in GROUPS[1:]:
        for path in FILES:
            repo.sealedfiles("track", _pattern(path), "--values", f"{group}_*", "--group", group)
    for name, groups in READS.items():
        for group in groups if name != "alice" else ():
            repo.sealedfiles("grant", name, keys[name], "--to", group)
    for path in FILES:
        repo.write(path, first_text(path))
    repo.commit("start")
    folder.joinpath("origin.git").mkdir()
    repo.git("clone", "--quiet", "--bare", ".", str(folder / "origin.git"))
    repo.git("remote", "add", "origin", str(folder / "origin.git"))
    repo.git("fetch", "--quiet")
    yield "alice", repo
    for name in ("bob", "carol"):
        clone = people[name].clone(folder / "origin.git", folder / f"{name}'s clone")
        clone.sealedfiles("unlock")
        yield name, clone


def _pattern(path: str) -> str:
    return path if path == ".env" else f"deploy/*.{path.rpartition('.')[2]}"


def test_five_hundred_operations_of_three_people(tmp_path: Path) -> None:
    walk = Walk(tmp_path, SEED)
    for number in range(STEPS):
        try:
            walk.step()
        except BaseException:
            last = "\n".join(walk.log[-60:])
            pytest.fail(
                f"step {number} of seed {SEED}; the last that was done:\n{last}", pytrace=True
            )
            raise

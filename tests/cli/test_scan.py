"""`sealedfiles scan`: a repository in which secrets are planted wherever git and people put them."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from people import SECRET, Person, Repo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COUNT = 40
FILE = "secrets/planted.yaml"
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "plain": lambda text: text.encode(),
    "json": lambda text: json.dumps(text).encode(),
    "url": lambda text: f"https://host/?q={quote(text, safe='')}&x".encode(),
    "hex": lambda text: b"0x" + text.encode().hex().encode(),
    "base64": lambda text: base64.b64encode(b"user:" + text.encode() + b"@host"),
    "base64url": lambda text: base64.urlsafe_b64encode(b"??>" + text.encode()).rstrip(b"="),
    "utf-16": lambda text: text.encode("utf-16"),
}


def value(number: int) -> str:
    """Return a secret that each encoding changes."""
    return f'{SECRET}"{sha256(bytes([number])).hexdigest()[:12]}~?~>~&ü'


def planted(number: int) -> bytes:
    """Return a text with a secret in one of the encodings."""
    names = list(ENCODINGS)
    return ENCODINGS[names[number % len(names)]](value(number))


class Planter:
    """Plants one secret after the other; ``places`` lists where."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self.places: dict[int, str] = {}

    def next(self, place: str) -> bytes:
        number = len(self.places)
        self.places[number] = place
        return planted(number)

    def text(self, place: str) -> bytes:
        """Return a file of several lines, with a secret in the third."""
        return b"# notes\n\nit is " + self.next(place) + b" for now\n"

    def commit(self, message: str, *options: str) -> None:
        self.repo.git("add", "--all")
        self.repo.git("commit", "--quiet", "--no-verify", "--message", message, *options)

    def file(self, path: str, count: int = 1) -> None:
        """Write a file with *count* secrets."""
        self.repo.write(path, b"".join(self.text(path) for _ in range(count)))


def archive(name: str, content: bytes) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return data.getvalue()


def plant(repo: Repo) -> tuple[dict[int, str], dict[int, str]]:
    """Plant secrets; return the places that only the history has, and those of tree and index."""
    lines = [f"k{number:02}: {json.dumps(value(number))}\n" for number in range(COUNT)]
    repo.write(FILE, "".join(lines))
    repo.write(".gitignore", "build/\n")
    planter = Planter(repo)
    planter.commit("seal the values")
    # Earlier values are searched for, too.
    repo.write(FILE, "".join(lines[:30]))
    planter.commit("remove ten values")

    planter.file("docs/committed.md", 4)
    repo.write(
        "k8s.yml",
        b"kind: Secret\ndata:\n  password: "
        + base64.b64encode(value(len(planter.places)).encode())
        + b"\n",
    )
    planter.next("k8s.yml")
    planter.commit("add documents")
    repo.write(
        "random.bin", bytes(range(256)) * 9 + planter.next("random.bin") + b"\x00\xff" * 3000
    )
    repo.write(
        "utf16.txt",
        "\ufeffname\nis ".encode("utf-16-le") + value(len(planter.places)).encode("utf-16-le"),
    )
    planter.next("utf16.txt")
    repo.write("layer.tgz", archive("etc/app.conf", planter.text("layer.tgz!etc/app.conf")))
    planter.commit("add files")
    repo.git(
        "rm",
        "--quiet",
        "--",
        "docs/committed.md",
        "k8s.yml",
        "random.bin",
        "utf16.txt",
        "layer.tgz",
    )
    planter.commit("remove them")

    planter.file("amended.txt", 3)
    planter.commit("a commit to amend")
    repo.git("rm", "--quiet", "amended.txt")
    repo.git("commit", "--quiet", "--no-verify", "--amend", "--allow-empty", "--message", "amended")
    repo.git(
        "commit",
        "--quiet",
        "--no-verify",
        "--allow-empty",
        "--message",
        f"use {value(len(planter.places))}",
    )
    planter.places[len(planter.places)] = "commit message"
    repo.git("tag", "--annotate", "v1", "--message", f"with {value(len(planter.places))}")
    planter.places[len(planter.places)] = "commit message"

    repo.git("checkout", "--quiet", "-b", "side", "HEAD~1")
    repo.write("side.txt", "side\n")
    planter.commit("side")
    repo.git("checkout", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-commit", "--no-verify", "--no-ff", "side")
    planter.file("merged.txt", 3)
    planter.commit("merge")
    repo.git("rm", "--quiet", "merged.txt")
    planter.commit("after the merge")

    repo.git("checkout", "--quiet", "--detach")
    planter.file("lost.txt", 3)
    planter.commit("to be lost")
    repo.git("checkout", "--quiet", "main")
    planter.file("stashed.txt", 3)
    repo.git("add", "stashed.txt")
    repo.git("stash", "--quiet")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.raw("git", "hash-object", "-w", "--stdin", answers=planter.next("").decode("latin-1"))
    past = dict(planter.places)

    planter.file("staged.txt", 3)
    repo.git("add", "staged.txt")
    (repo.path / "staged.txt").unlink()
    planter.file("untracked.txt", 4)
    planter.file("build/out.log", 3)
    repo.write("dist.tar.gz", archive("etc/app.conf", planter.text("dist.tar.gz!etc/app.conf")))
    while len(planter.places) < COUNT:
        planter.file(f"more-{len(planter.places)}.txt")
    return past, {number: place for number, place in planter.places.items() if number not in past}


def findings(repo: Repo, *options: str, code: int = 1) -> list[dict[str, Any]]:
    """Return the findings of the engine in sealedfiles: whether kingfisher is installed must not matter."""
    options = options if "--engine" in options else (*options, "--engine", "none")
    found = json.loads(repo.sealedfiles("scan", *options, "--json", code=code))["findings"]
    assert isinstance(found, list)
    return found


def places(found: list[dict[str, Any]]) -> dict[int, str]:
    """Return the path of each finding by the number of its value."""
    keys = [int(one["sealed"]["key"][1:]) for one in found]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, (one["path"] or "" for one in found), strict=True))


@pytest.mark.slow
def test_all_planted_secrets_are_found_and_nothing_else(repo: Repo) -> None:
    past, present = plant(repo)
    assert len(past) + len(present) == COUNT
    tree = findings(repo, "--ignored")
    assert places(tree) == present
    history = findings(repo, "--history")
    staged = {number: place for number, place in present.items() if place == "staged.txt"}
    assert places(history) == {**past, **staged}
    for one in [*tree, *history]:
        number = int(one["sealed"]["key"][1:])
        assert one["sealed"]["path"] == FILE
        assert one["current"] == (number < 30)
    assert {one["encoding"] for one in [*tree, *history]} == {*ENCODINGS}
    assert SECRET not in json.dumps([tree, history])
    assert (
        SECRET
        not in repo.sealedfiles("scan", "--engine", "none", "--history", code=1) + repo.stderr
    )


@pytest.mark.slow
def test_the_first_and_the_last_commit_and_what_no_ref_reaches(repo: Repo) -> None:
    plant(repo)
    found = {one["path"]: one for one in findings(repo, "--history")}
    commits = {
        subject: commit
        for commit, _, subject in (
            line.partition(" ")
            for line in repo.git("log", "--format=%H %s", "--all").split("\n")[:-1]
        )
    }
    committed = found["docs/committed.md"]
    assert committed["first_commit"]["id"] == commits["add documents"]
    assert committed["last_commit"]["id"] == commits["add files"]
    assert found["merged.txt"]["first_commit"]["id"] == commits["merge"]
    assert not committed["dangling"]
    assert not found["stashed.txt"]["dangling"]
    assert found["amended.txt"]["dangling"]
    assert found["lost.txt"]["dangling"]
    assert found[None]["dangling"]
    assert found[None]["first_commit"] is None
    assert repo.git("cat-file", "-t", found[None]["object"]) == "blob\n"


def test_a_finding_is_one_line_with_the_next_step(repo: Repo) -> None:
    repo.write("notes.txt", "the password\nis s3cr3t-db-alpha\n")
    lines = repo.sealedfiles("scan", "--engine", "none", code=1).split("\n")[:-1]
    what = "repeats the sealed value DB_PASSWORD of .env in plaintext"
    assert lines == [f"notes.txt:2: {what} [copied-value] -> sealedfiles set .env DB_PASSWORD"]
    summary, hint, weak = repo.stderr.split("\n")[:-1]
    assert summary.startswith("sealedfiles: scanned ")
    assert summary.endswith(" values: 1 finding")
    assert hint == "hint: for an explanation: sealedfiles check --explain copied-value"
    assert weak.startswith("sealedfiles: not searched for because they are short or common: ")
    (repo.path / "notes.txt").unlink()
    assert repo.sealedfiles("scan", "--engine", "none") == ""
    assert "nothing found" in repo.stderr


def test_a_finding_in_the_history_is_one_for_each_path(repo: Repo) -> None:
    commits = []
    for path, text in (
        ("a.txt", "s3cr3t-db-alpha\n"),
        ("a.txt", "\n\ns3cr3t-db-alpha\n"),
        ("b.txt", "s3cr3t-db-alpha\n"),
        ("a.txt", "nothing\n"),
        ("a.txt", "other\ns3cr3t-db-alpha\n"),
        ("a.txt", "nothing\n"),
    ):
        repo.write(path, text)
        Planter(repo).commit("change")
        commits.append(repo.head())
    first, second = findings(repo, "--history")
    ends = [(one["first_commit"]["id"], one["last_commit"]["id"]) for one in (first, second)]
    assert (first["path"], first["line"], ends[0]) == ("a.txt", 2, (commits[0], commits[4]))
    assert (second["path"], second["line"], ends[1]) == ("b.txt", 1, (commits[2], commits[5]))
    assert first["object"] == repo.git("rev-parse", f"{commits[4]}:a.txt").strip()


def test_the_next_step_depends_on_the_place_and_the_value(repo: Repo) -> None:
    repo.sealedfiles("track", "secrets/id.pem")
    repo.write("secrets/id.pem", "s3cr3t-of-one-line\n")
    repo.write(".env", repo.read(".env") + "EXTRA=s3cr3t-extra-one\n")
    Planter(repo).commit("add values")
    repo.edit(".env", "s3cr3t-extra-one", "s3cr3t-extra-two")
    Planter(repo).commit("change one")
    repo.git("commit", "-q", "--allow-empty", "--no-verify", "--message", "is s3cr3t-extra-two")
    repo.git("tag", "-a", "v1", "-m", "s3cr3t-api-alpha")
    repo.write("earlier.txt", "s3cr3t-extra-one\n")
    repo.write("whole.txt", "s3cr3t-of-one-line\n")
    for name in ("earlier.txt", "whole.txt"):
        repo.git("add", name)
        (repo.path / name).unlink()
    tag = repo.git("rev-parse", "v1").strip()
    lines = repo.sealedfiles("scan", "--engine", "none", "--history", code=1)
    assert f"(tag {tag[:12]}) [value-in-message] -> sealedfiles set " in lines
    assert f"(commit {repo.head()[:12]} of " in lines
    lines = repo.sealedfiles("scan", "--engine", "none", code=1)
    for name in ("earlier.txt", "whole.txt"):
        assert f"(staged) [copied-value] -> git restore --staged -- {name}\n" in lines
    repo.git("checkout-index", "--all", "--quiet")
    lines = repo.sealedfiles("scan", "--engine", "none", code=1)
    assert "repeats an earlier sealed value EXTRA of .env in plaintext [c" in lines
    assert "[copied-value] -> git log -p -- .env\n" in lines
    assert "repeats the sealed value the whole file of secrets/id.pem in plaintext [c" in lines
    assert "[copied-value] -> sealedfiles edit secrets/id.pem\n" in lines


def test_staged_scans_what_a_commit_adds(repo: Repo) -> None:
    repo.write("notes.txt", "s3cr3t-db-alpha\n")
    assert findings(repo, "--staged", code=0) == []
    repo.git("add", "notes.txt")
    (one,) = findings(repo, "--staged")
    assert (one["path"], one["where"]) == ("notes.txt", "index")
    repo.git("commit", "--quiet", "--no-verify", "--message", "notes")
    assert findings(repo, "--staged", code=0) == []


def test_push_scans_what_the_remote_lacks(repo: Repo, tmp_path: Path) -> None:
    repo.git("init", "--quiet", "--bare", str(tmp_path / "remote"))
    repo.git("remote", "remove", "origin", code=None)
    repo.sealedfiles("scan", "--engine", "none", "--push", code=2)
    assert "there is no remote origin" in repo.stderr
    repo.git("remote", "add", "origin", str(tmp_path / "remote"))
    planter = Planter(repo)
    repo.write("old.txt", "s3cr3t-db-alpha\n")
    planter.commit("old")
    assert [one["path"] for one in findings(repo, "--push")] == ["old.txt"]
    repo.git("push", "--quiet", "--no-verify", "origin", "HEAD:main")
    assert findings(repo, "--push", code=0) == []
    repo.write("new.txt", "it is s3cr3t-db-alpha\n")
    planter.commit("new s3cr3t-api-alpha")
    found = findings(repo, "--push")
    assert sorted((one["path"], one["code"]) for one in found) == [
        ("commit message", "value-in-message"),
        ("new.txt", "copied-value"),
    ]
    (tmp_path / "remote").rename(tmp_path / "away")
    paths = {one["path"] for one in findings(repo, "--push")}
    assert paths == {"commit message", "new.txt", "old.txt"}
    assert "the remote did not list its branches" in repo.stderr


def test_staged_scans_links_too(repo: Repo) -> None:
    (repo.path / "link").symlink_to("s3cr3t-db-alpha")
    repo.git("add", "link")
    (one,) = findings(repo, "--staged")
    assert (one["path"], one["where"]) == ("link", "index")


@pytest.mark.parametrize("options", [(), ("--staged",), ("--history",)])
def test_what_was_not_scanned_to_the_end_is_listed_once(
    repo: Repo, options: tuple[str, ...]
) -> None:
    repo.write("broken.gz", b"\x1f\x8b\x08broken")
    repo.git("add", "broken.gz")
    name = "broken.gz"
    if "--history" in options:
        name = f"object {repo.git('rev-parse', ':broken.gz')[:12]}"
    findings(repo, *options, code=0)
    assert f"sealedfiles: not scanned to the end: 1 file: {name}\n" in repo.stderr


def test_a_file_in_place_of_a_folder_is_scanned(repo: Repo) -> None:
    repo.write("notes/one.txt", "one\n")
    repo.git("add", "notes")
    shutil.rmtree(repo.path / "notes")
    repo.write("notes", "s3cr3t-db-alpha\n")
    assert [one["path"] for one in findings(repo)] == ["notes"]
    assert "not scanned to the end" not in repo.stderr


def test_files_folders_and_the_standard_input(repo: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "out"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep/build.log").write_bytes(b"\nTOKEN=s3cr3t-api-alpha\n")
    (outside / "link").symlink_to("s3cr3t-db-alpha")
    found = findings(repo, str(outside))
    assert [(one["path"], one["line"], one["where"]) for one in found] == [
        (f"{outside}/deep/build.log", 2, "file"),
        (f"{outside}/link", 1, "file"),
    ]
    # The files that git seals are in plaintext here, as they should be.
    (repo.path / ".git/notes").write_text("s3cr3t-db-alpha")
    assert findings(repo, ".", code=0) == []
    assert findings(repo, str(outside / "deep/build.log"))
    repo.sealedfiles("scan", "--engine", "none", "missing.log", code=2)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        repo.sealedfiles("scan", "--engine", "none", str(tmp_path / name), code=2)
        assert (
            f"{tmp_path / name} is neither a file nor a folder\nhint: to scan a stream"
            in repo.stderr
        )
    repo.write("notes.txt", "s3cr3t-db-alpha\n")  # not requested
    out = repo.sealedfiles(
        "scan", "--engine", "none", "--stdin", answers="\n\nwith s3cr3t-db-alpha\n", code=1
    )
    assert out.startswith("stdin:3: repeats the sealed value DB_PASSWORD of .env in plaintext")
    assert out.count("\n") == 1


def test_the_policy_allows_a_finding_with_a_reason(repo: Repo) -> None:
    repo.write("docs/example.md", "s3cr3t-db-alpha\n")
    baseline = ("--baseline", "baseline.json")
    repo.sealedfiles("scan", "--engine", "none", *baseline, "--update-baseline")
    policy = repo.read(".sealedfiles/policy.yaml")
    allow = "allow:\n  - finding: copied-value\n    files: docs/*\n    reason: an example\n"
    repo.write(".sealedfiles/policy.yaml", policy + allow)
    repo.sealedfiles("trust", "policy", "--yes")
    assert repo.sealedfiles("scan", "--engine", "none") == ""
    assert "nothing found; allowed: 1" in repo.stderr
    (one,) = findings(repo, code=0)
    assert one["allowed"] == "an example"
    (one,) = findings(repo, *baseline, code=0)
    assert one["allowed"] == "an example"
    repo.sealedfiles("scan", "--engine", "none", *baseline, "--update-baseline")
    assert json.loads(repo.read("baseline.json"))["fingerprints"] == []  # it needs none


def test_sarif_and_gitlab(repo: Repo) -> None:
    repo.write("notes.txt", "s3cr3t-db-alpha\n")
    run = json.loads(repo.sealedfiles("scan", "--engine", "none", "--sarif", code=1))["runs"][0]
    (result,) = run["results"]
    assert result["ruleId"] == "copied-value"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "notes.txt"
    assert place["region"] == {"startLine": 1}
    report = json.loads(repo.sealedfiles("scan", "--engine", "none", "--gitlab", code=1))
    assert report["scan"]["type"] == "secret_detection"
    (one,) = report["vulnerabilities"]
    assert one["category"] == "secret_detection"
    assert one["location"] == {"file": "notes.txt", "start_line": 1}
    assert one["identifiers"][0]["value"] == "copied-value"
    again = json.loads(repo.sealedfiles("scan", "--engine", "none", "--gitlab", code=1))[
        "vulnerabilities"
    ]
    assert again == report["vulnerabilities"]
    assert SECRET not in json.dumps(report)


def test_a_value_of_a_version_that_no_commit_has(repo: Repo) -> None:
    """It was staged once, and replaced before the commit."""
    repo.write("secrets/app.yaml", "password: s3cr3t-only-staged\n")
    repo.git("add", "secrets/app.yaml")
    repo.git("reset", "--quiet", "--hard")
    repo.write("notes.txt", "s3cr3t-only-staged\n")
    Planter(repo).commit("notes")
    assert findings(repo, code=0) == []
    (one,) = findings(repo, "--history")
    assert (one["path"], one["sealed"]["key"], one["current"]) == ("notes.txt", "password", False)
    line = repo.sealedfiles("scan", "--engine", "none", "--history", code=1)
    blob = line.rpartition(" -> git cat-file -p ")[2].strip()
    assert f"of the dangling object {blob} in plaintext" in line
    assert "password: " in repo.git("cat-file", "-p", blob)


@pytest.mark.parametrize("repo", ["bob"], indirect=True)
def test_values_of_groups_of_others_are_not_searched_for(repo: Repo) -> None:
    repo.write("notes.txt", "s3cr3t-production s3cr3t-db-alpha\n")
    (one,) = findings(repo)
    assert one["sealed"]["key"] == "DB_PASSWORD"
    assert "not searched for because no key is available: 3 values of production\n" in repo.stderr


def test_who_has_no_key_is_warned(repo: Repo, tmp_path: Path) -> None:
    eve = Person.at(tmp_path / "eve")
    clone = eve.clone(repo, tmp_path / "eve-clone")
    clone.write("notes.txt", "s3cr3t-db-alpha\n")
    clone.sealedfiles("scan", "--engine", "none", "--history")
    assert "sealed values were not searched for: no key is available" in clone.stderr


def test_what_a_partial_or_shallow_clone_lacks_is_not_scanned(repo: Repo, tmp_path: Path) -> None:
    clone = repo.person.clone(repo, tmp_path / "clone")
    clone.sealedfiles("scan", "--engine", "none", "--history")
    assert "were not scanned" not in clone.stderr
    clone.git("fetch", "--quiet", "--depth=1", f"file://{repo.path}", "main")
    clone.sealedfiles("scan", "--engine", "none", "--history")
    assert (
        "this clone is shallow: older commits were not scanned\nhint: run: git fetch --uns"
        in clone.stderr
    )
    clone.git("config", "remote.origin.promisor", "true")
    clone.git("config", "extensions.partialClone", "origin")
    clone.sealedfiles("scan", "--engine", "none", "--history")
    assert "this is a partial clone: objects that it lacks were not scanned" in clone.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--json", "--sarif"),
        ("--staged", "--history"),
        ("--ignored", "--push"),
        ("--stdin", "file"),
    ],
)
def test_options_that_exclude_each_other(repo: Repo, options: tuple[str, ...]) -> None:
    repo.sealedfiles("scan", "--engine", "none", *options, code=2)
    assert "exclude each other" in repo.stderr or "--ignored applies" in repo.stderr


def test_a_baseline_allows_the_findings_that_were_there(repo: Repo) -> None:
    repo.write("old.txt", "s3cr3t-db-alpha\n")
    repo.sealedfiles("scan", "--engine", "none", "--baseline", "baseline.json", code=2)
    assert "no such file: baseline.json" in repo.stderr
    assert "add --update-baseline" in repo.stderr
    repo.sealedfiles("scan", "--engine", "none", "--baseline", "baseline.json", "--update-baseline")
    assert repo.sealedfiles("scan", "--engine", "none", "--baseline", "baseline.json") == ""
    assert "nothing found; allowed: 1" in repo.stderr
    assert len(findings(repo)) == 1
    repo.write("old.txt", "moved down\ns3cr3t-db-alpha\n")
    (one,) = findings(repo, "--baseline", "baseline.json", code=0)
    assert one["allowed"] == "in the baseline"
    repo.write("old.txt", "s3cr3t-api-alpha\n")
    assert len(findings(repo, "--baseline", "baseline.json")) == 1
    repo.write("new.txt", "s3cr3t-db-alpha\n")
    found = findings(repo, "--baseline", "baseline.json")
    assert [one["path"] for one in found if not one["allowed"]] == ["new.txt", "old.txt"]


def test_a_baseline_counts_only_under_the_current_keys(repo: Repo) -> None:
    """With a retired key, a removed reader could hide what was committed after the removal."""
    repo.write("old.txt", "s3cr3t-db-alpha\n")
    command = ("scan", "--engine", "none", "--baseline", "baseline.json")
    repo.sealedfiles(*command, "--update-baseline")
    repo.sealedfiles("rotate")
    repo.sealedfiles(*command, code=1)
    assert "the baseline was not made with the current key of default" in repo.stderr
    repo.sealedfiles(*command, "--update-baseline")
    repo.sealedfiles(*command)
    assert "was not made with the current key" not in repo.stderr


def test_a_baseline_shows_nothing_to_who_has_no_key(repo: Repo) -> None:
    """The fingerprint of a value depends on a key of its group, so that it cannot be guessed."""
    repo.write("old.txt", "s3cr3t-db-alpha\ns3cr3t-production\n")
    repo.sealedfiles("scan", "--engine", "none", "--baseline", "baseline.json", "--update-baseline")
    data = json.loads(repo.read("baseline.json"))
    assert sorted(data["keys"]) == ["default", "production"]
    first, second = data["fingerprints"]
    assert len(first) == len(second) == 22
    # With the key of another group, it does not match.
    data["keys"]["production"] = data["keys"]["default"]
    repo.write("baseline.json", json.dumps(data))
    found = findings(repo, "--baseline", "baseline.json")
    assert [bool(one["allowed"]) for one in found] == [True, False]
    data["keys"]["default"] = "a" * 16  # a key that is not available
    repo.write("baseline.json", json.dumps(data))
    assert not any(one["allowed"] for one in findings(repo, "--baseline", "baseline.json"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2, "keys": {}, "fingerprints": []}'])
def test_what_is_no_baseline_is_refused(repo: Repo, text: str) -> None:
    repo.write("baseline.json", text)
    repo.sealedfiles("scan", "--engine", "none", "--baseline", "baseline.json", code=2)
    assert "is not a baseline" in repo.stderr
    repo.sealedfiles("scan", "--engine", "none", "--update-baseline", code=2)


@pytest.mark.parametrize("name", [".env", ".sealedfiles/policy.yaml", "empty.json"])
def test_what_is_no_baseline_is_not_replaced(repo: Repo, name: str) -> None:
    repo.write(".env", repo.read(".env") + "TYPED=not committed\n")
    repo.write("empty.json", "")
    before = repo.read(".env"), repo.read(".sealedfiles/policy.yaml")
    repo.sealedfiles("scan", "--engine", "none", "--baseline", name, "--update-baseline", code=2)
    assert "name a file that does not exist" in repo.stderr
    assert (repo.read(".env"), repo.read(".sealedfiles/policy.yaml")) == before
    assert repo.read("empty.json") == ""


def test_values_at_keys_named_like_secrets(repo: Repo, tmp_path: Path) -> None:
    repo.write("deploy/values.yaml", "db:\n  host: db\n  password: s3cr3t-plain-1\n")
    repo.write(".gitignore", "local.json\n")
    repo.write("local.json", '{"API_TOKEN": "s3cr3t-plain-2"}')
    repo.write("secrets/more.yaml", "password: s3cr3t-sealed-when-added\n")
    lines = repo.sealedfiles("scan", "--engine", "none", code=1).split("\n")[:-1]
    what = "in plaintext; the key is named like a secret, and no pattern tracks the file"
    fix = "sealedfiles track deploy/values.yaml"
    assert lines == [f"deploy/values.yaml:3: db.password: {what} [unsealed-secret] -> {fix}"]
    repo.git("add", "deploy")
    assert [one["key"] for one in findings(repo)] == ["db.password"]
    (one,) = findings(repo, "--staged")
    assert (one["where"], one["code"], one["sealed"]) == ("index", "unsealed-secret", None)
    assert [one["path"] for one in findings(repo, "--ignored")] == [
        "deploy/values.yaml",
        "local.json",
    ]
    outside = tmp_path / "app.json"
    outside.write_text('{"token": "s3cr3t-plain-3"}')
    (one,) = findings(repo, str(outside))
    assert (one["path"], one["where"]) == (str(outside), "file")
    repo.sealedfiles("track", "deploy/values.yaml", "--yes")
    assert findings(repo, code=0) == []


def test_a_baseline_for_values_that_are_not_sealed(repo: Repo) -> None:
    repo.write("values.yaml", "password: s3cr3t-plain-1\n")
    repo.sealedfiles("scan", "--engine", "none", "--baseline", "baseline.json", "--update-baseline")
    assert findings(repo, "--baseline", "baseline.json", code=0)
    repo.write("values.yaml", "password: s3cr3t-plain-2\n")
    assert findings(repo, "--baseline", "baseline.json")


def test_a_baseline_is_for_a_code(repo: Repo) -> None:
    """A value that was sealed since is a copy of a sealed one, which is another finding."""
    repo.write("values.yaml", "password: s3cr3t-plain-1\n")
    repo.sealedfiles("scan", "--engine", "none", "--baseline", "baseline.json", "--update-baseline")
    repo.write(".env", repo.read(".env") + "ADDED=s3cr3t-plain-1\n")
    repo.git("add", ".env")
    found = findings(repo, "--baseline", "baseline.json")
    assert sorted((one["code"], bool(one["allowed"])) for one in found) == [
        ("copied-value", False),
        ("unsealed-secret", True),
    ]


def test_earlier_values_of_a_file_whose_name_has_other_case(repo: Repo) -> None:
    repo.git("config", "core.ignorecase", "true")
    repo.sealedfiles("track", "deploy/*.env", "--yes")
    repo.write("DEPLOY/old.ENV", "TOKEN=s3cr3t-of-the-past\n")
    Planter(repo).commit("other case")
    assert b"sealed:v1:" in repo.blob("HEAD", "DEPLOY/old.ENV")
    repo.git("rm", "--quiet", "DEPLOY/old.ENV")
    repo.write("notes.txt", "s3cr3t-of-the-past\n")
    Planter(repo).commit("remove it")
    (one,) = findings(repo)
    assert (one["path"], one["sealed"]["path"]) == ("notes.txt", "DEPLOY/old.ENV")


def test_a_repository_that_is_not_set_up_is_scanned(tmp_path: Path) -> None:
    repo = Person.at(tmp_path / "alice").repository(tmp_path / "plain")
    repo.write("values.yaml", "password: s3cr3t-plain-1\n")
    repo.commit("first")
    (one,) = findings(repo)
    assert (one["path"], one["line"], one["code"]) == ("values.yaml", 1, "unsealed-secret")
    assert not (repo.path / ".sealedfiles").exists()
    findings(repo, "--history", code=0)
    shutil.rmtree(repo.path / ".git")
    repo.sealedfiles("scan", "--engine", "none", code=2)
    assert "needs a git repository" in repo.stderr


def test_files_that_are_only_read_line_by_line_are_listed(repo: Repo) -> None:
    """Their keys are unknown: it must not look as if nothing more were there."""
    repo.write("chart/templates/a.yaml", "password: {{ .Values.password }}\n{{- if .x }}\n")
    repo.write("latin.yaml", "name: caf\u00e9\npassword: s3cr3t-plain-1\n".encode("latin-1"))
    repo.write("empty.yaml", "")
    repo.git("add", "latin.yaml")
    (one,) = findings(repo)
    assert (one["path"], one["line"], one["key"]) == ("latin.yaml", 2, "password")
    what = "sealedfiles: searched line by line for keys named like secrets: 2 files"
    assert (
        f"{what} not readable as YAML, JSON, TOML or .env: chart/templates/a.yaml, latin.yaml\n"
        in repo.stderr
    )
    assert len(findings(repo, "--staged")) == 1
    assert "1 file not readable as YAML, JSON, TOML or .env: latin.yaml\n" in repo.stderr


def test_a_baseline_needs_a_key(repo: Repo, tmp_path: Path) -> None:
    clone = Person.at(tmp_path / "eve").clone(repo, tmp_path / "eve-clone")
    clone.write("values.yaml", "password: s3cr3t-plain-1\n")
    assert len(findings(clone)) == 1
    clone.sealedfiles(
        "scan", "--engine", "none", "--baseline", "baseline.json", "--update-baseline", code=3
    )
    assert "a baseline needs a group key, and none is available" in clone.stderr


@pytest.mark.slow
def test_without_the_extra_a_line_says_what_was_not_done(repo: Repo, tmp_path: Path) -> None:
    """A package of that name that cannot be imported is as good as none."""
    (tmp_path / "kingfisher_sdk.py").write_text("raise ImportError")
    repo = replace(repo, person=repo.person.having(PYTHONPATH=str(tmp_path)))
    command = [sys.executable, "-m", "sealedfiles", "scan"]
    repo.raw(*command)
    assert "not searched for: secrets that are not sealed values" in repo.stderr
    assert "run: pip install 'sealedfiles[scan]'; or choose: --engine none" in repo.stderr
    repo.raw(*command, "--engine", "kingfisher", code=2)
    repo.raw(*command, "--engine", "none")
    assert "kingfisher" not in repo.stderr


@pytest.mark.slow
def test_secrets_that_are_not_sealed_values(repo: Repo) -> None:
    pytest.importorskip("kingfisher_sdk", reason="the extra scan is not installed")
    token = "ghp_" + "oHwLMeaZqo9DZDNjN1GTPdVKsb1DS2S5yXB6"
    repo.write("deploy.sh", f"#!/bin/sh\nexport T={token}\n")
    repo.write("values.yaml", f"password: {token}\n")
    Planter(repo).commit("deploy")
    repo.git("rm", "--quiet", "deploy.sh")
    Planter(repo).commit("remove it")
    found = findings(repo, "--history", "--engine", "kingfisher")
    assert [(one["path"], one["line"], one["code"]) for one in found] == [
        ("deploy.sh", 2, "unknown-secret"),
        ("values.yaml", 1, "unknown-secret"),
    ]
    assert found[0]["first_commit"] == found[0]["last_commit"]
    assert found[0]["rule"].endswith("github-pat")
    assert token not in json.dumps(found) + repo.stderr
    # The key says more.
    assert [one["code"] for one in findings(repo, "--engine", "kingfisher")] == ["unsealed-secret"]
    options = ("--engine", "kingfisher", "--history", "--baseline", "baseline.json")
    repo.sealedfiles("scan", *options, "--update-baseline")
    assert [one["allowed"] for one in findings(repo, *options, code=0)] == ["in the baseline"] * 2


def with_program(repo: Repo, folder: Path, name: str, script: str) -> Repo:
    """Return *repo* with the program *name*, a *script*, first on PATH."""
    folder.mkdir()
    (folder / name).write_text(script)
    (folder / name).chmod(0o755)
    path = f"{folder}{os.pathsep}{repo.person.environment()['PATH']}"
    return replace(repo, person=repo.person.having(PATH=path))


def test_another_engine(repo: Repo, tmp_path: Path) -> None:
    script = (
        f"#!{sys.executable}\nimport json, sys\n"
        'lines = sys.stdin.buffer.read().split(b"\\n")\n'
        'found = [at + 1 for at, line in enumerate(lines) if b"LEAK" in line]\n'
        'rows = [{"RuleID": "r", "Secret": "LEAK", "StartLine": at} for at in found]\n'
        "print(json.dumps(rows))\n"
    )
    repo = with_program(repo, tmp_path / "bin", "gitleaks", script)
    repo.write("a.txt", "one\n\nLEAK\n")
    repo.write(".env", repo.read(".env") + "EXTRA=LEAK\n")
    (one,) = findings(repo, "--engine", "gitleaks")
    assert (one["path"], one["line"], one["rule"]) == ("a.txt", 3, "r")
    Planter(repo).commit("a LEAK")
    (one,) = findings(repo, "--engine", "gitleaks")
    assert (one["path"], one["where"]) == ("a.txt", "working-tree")
    history = findings(repo, "--engine", "gitleaks", "--history")
    assert [(one["path"], one["line"]) for one in history] == [("a.txt", 3), ("commit message", 6)]


@pytest.mark.slow
def test_no_value_is_passed_to_git_or_written_to_disk(repo: Repo, tmp_path: Path) -> None:
    """Neither as an argument nor through stdin; temporary files hold object ids."""
    plant(repo)
    real = shutil.which("git")
    log, temporary = tmp_path / "log", tmp_path / "tmp"
    temporary.mkdir()
    # What git reads, it reads through a copy.  Nobody types here, so stdin is a file, a pipe or empty.
    script = (
        f"#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{log}'\n"
        f"case \"$*\" in *stdin*|*batch*) tee -a '{log}' | '{real}' \"$@\" ;;"
        f" *) exec '{real}' \"$@\" ;; esac\n"
    )
    watched = with_program(repo, tmp_path / "bin", "git", script)
    watched = replace(watched, person=watched.person.having(TMPDIR=str(temporary)))
    for options in (("--history",), ("--ignored",), ("--staged",)):
        assert findings(watched, *options)
    logged = log.read_bytes()
    assert b"cat-file" in logged
    assert repo.head().encode() in logged
    assert SECRET.encode() not in logged
    assert list(temporary.iterdir()) == []


def test_ggshield_gets_no_sealed_value(repo: Repo, tmp_path: Path) -> None:
    log = tmp_path / "sent"
    script = (
        f"#!{sys.executable}\nimport json, sys\n"
        f"data = sys.stdin.read()\nopen({str(log)!r}, 'a').write(data)\n"
        "ids = [json.loads(line)['id'] for line in data.split(chr(10))[:-1]]\n"
        "rows = [{'filename': one, 'incidents': []} for one in ids]\n"
        "print(json.dumps({'scans': [{'entities_with_incidents': rows}]}))\n"
    )
    repo = with_program(repo, tmp_path / "bin", "ggshield", script)
    repo.write("a.txt", "harmless\n")
    repo.write("notes.txt", "s3cr3t-db-alpha\n")
    (one,) = findings(repo, "--engine", "ggshield", "a.txt", "notes.txt")
    assert one["path"] == "notes.txt"
    assert "ggshield sent 1 text to GitGuardian; not sent, because of sealed" in repo.stderr
    assert "harmless" in log.read_text()
    assert SECRET not in log.read_text()
    repo.sealedfiles("scan", "--engine", "ggshield", "--history", code=2)
    assert "--history cannot be scanned with ggshield" in repo.stderr


@pytest.mark.slow
def test_nothing_is_sent_and_no_value_written(repo: Repo, tmp_path: Path) -> None:
    strace = shutil.which("strace")
    log = tmp_path / "trace"
    traced = [strace or "", "-f", "-s", "100000", "-o", str(log), "-e"]
    traced += ["trace=%network,write,pwrite64,writev,sendfile"]
    probe = subprocess.run([*traced, "true"], capture_output=True) if strace else None
    if probe is None or probe.returncode:
        pytest.skip("strace is missing, or may not trace")
    repo.write("notes.txt", f"s3cr3t-db-alpha {base64.b64encode(b's3cr3t-api-alpha').decode()}\n")
    Planter(repo).commit("notes")
    command = [*traced, sys.executable, "-I", "-m", "sealedfiles", "scan", "--history", "--json"]
    out, _ = repo.person.run(command, repo.path, code=1)
    assert len(json.loads(out)["findings"]) == 2
    assert SECRET.encode() not in out
    # git passes what it stores through a pipe (1) to this program.
    calls = [
        line for line in log.read_text(errors="replace").split("\n") if "write(1, " not in line
    ]
    assert any("write(" in call for call in calls)
    assert [call for call in calls if SECRET in call] == []
    assert [call for call in calls if "AF_INET" in call] == []

"""`sealedfiles adopt`: from a repository with secrets in plaintext to a sealed one."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from corpus import FOLDER
from people import SECRET, Person, Repo, assert_clean, groups

from sealedfiles.formats import load_editor, name_by_path
from sealedfiles.formats.base import Data

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS = f"""\
service: {{name: orders, port: 8080}}
database:
  host: db.example.net
  password: {SECRET}-database
production:
  api_token: {SECRET}-of-production
"""
VALUES = f"""\
image: {{repository: nginx, tag: "1.25"}}
auth:
  password: {SECRET}-of-redis
  existingSecret: redis-auth
"""
WORKFLOW = f"on: push\nenv:\n  API_TOKEN: {SECRET}-workflow\njobs: {{}}\n"


def run(repo: Repo, *options: str, code: int = 0, answers: str = "") -> str:
    """Run `adopt` without kingfisher, and check that no value is shown."""
    output = repo.sealedfiles("adopt", "--engine", "none", *options, code=code, answers=answers)
    assert SECRET not in output + repo.stderr
    return output


def run_json(repo: Repo, *options: str) -> dict[str, Any]:
    data = json.loads(run(repo, "--json", *options))
    assert data["version"] == 1
    assert isinstance(data, dict)
    return data


@pytest.fixture(scope="module")
def leaking_once(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    base = tmp_path_factory.mktemp("leaking")
    repo = Person.at(base / "alice").repository(base / "orders")
    repo.write("config/app.yaml", SETTINGS)
    repo.write("deploy/values-production.yaml", VALUES)
    repo.write(".github/workflows/ci.yml", WORKFLOW)
    repo.write("client.py", f'PASSWORD = "{SECRET}-database"\n')
    repo.write("deploy/key.pem", "notes\n")
    repo.write("README.md", "# Orders\n")
    repo.commit("first")
    repo.git("commit", "--quiet", "--allow-empty", "-m", f"deploy with {SECRET}-of-redis")
    repo.write("local.env", f"API_KEY={SECRET}-local-0123456789\n")
    return repo


@pytest.fixture
def leaking(leaking_once: Repo, tmp_path: Path) -> Repo:
    """A repository with secrets in plaintext, which is not set up."""
    return leaking_once.copy(tmp_path / "orders")


def test_the_plan_changes_nothing(leaking: Repo) -> None:
    before = leaking.status()
    output = run(leaking, "--dry-run")
    what = "in plaintext; the key is named like a secret, and no pattern tracks the file"
    assert output.split("\n")[:-1] == [
        "to seal (3)",
        "  config/app.yaml: 5 values to default; found: database.password, production.api_token",
        "  deploy/values-production.yaml (helm): 1 value to default, 3 in plaintext; found: auth.password",
        "  local.env: 1 value to default; found: API_KEY",
        "not fixed by sealing (1)",
        f"  .github/workflows/ci.yml:3: env.API_TOKEN: {what} -> store it as a secret of GitHub, and refer to it",
    ]
    assert leaking.status() == before
    assert not (leaking.path / ".sealedfiles").exists()


@pytest.mark.slow
def test_nothing_is_changed_unless_the_user_agrees(leaking: Repo) -> None:
    before = leaking.status()
    run(leaking, code=2)
    assert "no terminal to ask on" in leaking.stderr
    run(leaking, code=2, answers="n\n")
    assert "nothing was changed" in leaking.stderr
    assert leaking.status() == before
    run(leaking, answers="y\n")
    assert "Seal 3 files?" in leaking.stderr
    assert leaking.status() != before


def test_files_are_sealed_and_staged_and_the_rest_is_listed(leaking: Repo) -> None:
    head = leaking.head()
    output = run(leaking, "--yes")
    assert "local.env is not in git: it is sealed when you add it" in leaking.stderr
    assert "sealed and staged: 2 files" in leaking.stderr
    assert "sealedfiles exposure --history --replace-text" in leaking.stderr
    assert leaking.head() == head
    app = leaking.blob("", "config/app.yaml").decode()
    assert SECRET not in app
    values = leaking.blob("", "deploy/values-production.yaml").decode()
    assert values.startswith(VALUES.partition(SECRET)[0])
    assert values.endswith("\n  existingSecret: redis-auth\n")
    assert leaking.read("config/app.yaml") == SETTINGS
    _, _, left = output.partition("still in plaintext (3)\n")
    lines = left.split("\n")
    assert lines[0].startswith("  .github/workflows/ci.yml:3: ")
    assert lines[1].startswith(
        "  client.py:1: repeats the sealed value database.password of config/app.yaml"
    )
    assert "sealedfiles run" in lines[1]
    assert lines[2].startswith("  commit message:")
    assert lines[3] == "must change (3)"
    leaking.git("commit", "--quiet", "-m", "sealed")
    leaking.git("add", "local.env")
    assert SECRET.encode() not in leaking.blob("", "local.env")
    leaking.git("commit", "--quiet", "-m", "local")
    assert_clean(leaking)
    leaking.sealedfiles("check", "--strict")


def test_a_second_run_has_nothing_to_seal(leaking: Repo) -> None:
    run(leaking, "--yes")
    leaking.commit("sealed")
    data = run_json(leaking, "--yes")
    assert data["files"] == []
    assert not data["done"]
    assert {one["path"] for one in data["others"]} == {".github/workflows/ci.yml", "client.py"}
    assert "no file was found whose values can be sealed" in leaking.stderr


def test_it_needs_a_git_repository_with_a_working_tree(tmp_path: Path) -> None:
    alice = Person.at(tmp_path / "alice")
    (tmp_path / "folder").mkdir()
    repo = Repo(alice, tmp_path / "folder")
    for _ in range(2):
        run(repo, "--yes", code=2)
        assert "this command needs a git repository with a working tree" in repo.stderr
        repo.git("init", "--quiet", "--bare")


def test_what_programs_get(leaking: Repo) -> None:
    data = run_json(leaking, "--dry-run")
    assert (data["done"], data["values"]) == (False, [])
    assert data["files"][1] == {
        "path": "deploy/values-production.yaml",
        "preset": "helm",
        "groups": ["default"],
        "found": ["auth.password"],
        "sealed": 1,
        "plain": 3,
        "whole": False,
        "in_git": True,
    }
    assert not data["files"][2]["in_git"]
    data = run_json(leaking, "--yes")
    assert data["done"]
    must = {(row["path"], row["key"]) for row in data["values"] if row["class"] == "must-change"}
    assert must == {
        ("config/app.yaml", "database.password"),
        ("config/app.yaml", "production.api_token"),
        ("deploy/values-production.yaml", "auth.password"),
    }
    others = {(one["path"], one["code"]) for one in data["others"]}
    assert others == {
        (".github/workflows/ci.yml", "unsealed-secret"),
        ("client.py", "copied-value"),
        ("commit message", "value-in-message"),
    }
    assert all(one["step"] for one in data["others"])


def test_files_and_keys_that_are_named_like_a_group_are_sealed_to_it(leaking: Repo) -> None:
    run(leaking, "--yes", "--group", "production", "--group", "staging")
    assert "no file or key to seal is named like staging" in leaking.stderr
    assert groups(leaking.blob("", "deploy/values-production.yaml").decode()) == {"production"}
    top, _, below = leaking.blob("", "config/app.yaml").decode().partition("production:\n")
    assert groups(top) == {"default"}
    assert groups(below) == {"production"}


def test_a_group_with_an_invalid_name_is_refused_before_anything_is_changed(leaking: Repo) -> None:
    before = leaking.status()
    run(leaking, "--yes", "--group", "a b", code=2)
    run(leaking, "--dry-run", "--group", "a b", code=2)
    assert leaking.status() == before
    assert not (leaking.path / ".sealedfiles").exists()


def test_groups_that_exist_are_used_without_being_asked(repo: Repo) -> None:
    repo.write("prod.yaml", f"token: {SECRET}-new-token\n")
    repo.write("staging.yaml", f"token: {SECRET}-other-token\n")
    repo.git("add", ".")
    run(repo, "--yes")
    assert groups(repo.blob("", "prod.yaml").decode()) == {"production"}
    assert groups(repo.blob("", "staging.yaml").decode()) == {"default"}
    repo.git("commit", "--quiet", "-m", "more")
    assert_clean(repo)


def test_a_copy_of_a_sealed_value_is_sealed_with_its_file(repo: Repo) -> None:
    repo.write("jobs.yaml", f"env:\n  pg: {SECRET}-db-alpha\n# {SECRET}-api-alpha\n")
    repo.git("add", ".")
    data = run_json(repo, "--yes")
    (file,) = data["files"]
    assert (file["path"], file["found"]) == ("jobs.yaml", ["env.pg"])
    (comment,) = data["others"]
    assert (comment["line"], comment["step"]) == (3, "remove it: it is in a comment")


@pytest.mark.slow
def test_what_cannot_be_sealed_value_by_value(leaking: Repo) -> None:
    run(leaking, "--yes")
    leaking.commit("sealed")
    value = f"{SECRET}-database"
    leaking.write("template.yaml", f"a: {{{{ b }}}}\nc: {value}\n")
    leaking.write(".netrc", f"machine a login b password {value}\n")
    leaking.write("package.json", json.dumps({"config": {"token": value}}))
    leaking.git("add", ".")
    data = run_json(leaking, "--dry-run")
    assert [(one["path"], one["whole"]) for one in data["files"]] == [(".netrc", True)]
    steps = {one["path"]: one["step"] for one in data["others"]}
    whole = "seal the whole file: sealedfiles track --format whole template.yaml"
    assert steps["template.yaml"] == whole
    assert "other programs read this file from git" in steps["package.json"]
    assert run(leaking, "--yes").startswith("to seal (1)\n  .netrc: the whole file, to default\n")
    assert leaking.blob("", ".netrc").startswith(b"sealed:v1:default:")


@pytest.mark.slow
def test_a_token_of_a_provider_in_source_code_is_listed_with_its_page(leaking: Repo) -> None:
    pytest.importorskip("kingfisher_sdk")
    leaking.write("client.py", 'TOKEN = "glpat-1ab2cD3eF4gH5iJ6kL7m"\n')
    leaking.write("deploy/key.env", "TOKEN=glpat-9zb2cD3eF4gH5iJ6kL7m\n")
    leaking.commit("tokens")
    data = json.loads(leaking.sealedfiles("adopt", "--yes", "--json"))
    # Once: the commit with it is not listed in addition.
    (one,) = (one for one in data["others"] if one["path"] == "client.py")
    assert (one["code"], one["where"]) == ("unknown-secret", "working-tree")
    assert "https://gitlab.com/-/user_settings/personal_access_tokens" in one["step"]
    (row,) = (row for row in data["values"] if row["path"] == "deploy/key.env")
    assert (row["class"], row["provider"]) == ("must-change", "GitLab")


def planned(repo: Repo, *options: str) -> list[str]:
    return [one["path"] for one in run_json(repo, "--dry-run", *options)["files"]]


def test_only_some_files(leaking: Repo) -> None:
    app, values, local = "config/app.yaml", "deploy/values-production.yaml", "local.env"
    assert planned(leaking) == [app, values, local]
    assert planned(leaking, "config", local) == [app, local]
    assert planned(leaking, ".") == [app, values, local]
    assert planned(leaking, "--exclude", "deploy/**", "--exclude", "*.env") == [app]
    run(leaking, "--dry-run", "conf", code=2)
    assert "no such file: conf" in leaking.stderr
    run(leaking, "--dry-run", "--exclude", "!a", code=2)
    assert "--exclude: the pattern" in leaking.stderr


def test_files_with_the_same_rules_share_them(leaking: Repo) -> None:
    for name in ("dev", "test"):
        leaking.write(f"deploy/{name}-values.yaml", VALUES)
    leaking.git("add", "deploy")
    run(leaking, "--yes", "deploy")
    policy = leaking.read(".sealedfiles/policy.yaml")
    files = "[deploy/dev-values.yaml, deploy/test-values.yaml, deploy/values-production.yaml]"
    assert policy.count(f"  - files: {files}\n") == policy.count("  - files: ") == 3
    leaking.git("commit", "--quiet", "--message", "sealed")
    leaking.sealedfiles("check", "--strict")
    leaking.sealedfiles("untrack", "deploy/dev-values.yaml")
    policy = leaking.read(".sealedfiles/policy.yaml")
    assert policy.count("deploy/dev-values.yaml") == 1, "only `allow` has it, for the hooks"
    assert "[deploy/test-values.yaml, deploy/values-production.yaml]" in policy


def test_a_repository_without_commits_and_names_that_are_patterns(tmp_path: Path) -> None:
    repo = Person.at(tmp_path / "alice").repository(tmp_path / "new")
    names = ["*.yaml", "a[1].yaml", "!b.yaml", "b c.yaml"]
    for name in names:
        repo.write(name, f"password: {SECRET}-{len(name)}\n")
    repo.write("other.yaml", "name: orders\n")
    repo.git("add", ".")
    assert run(repo, "--yes").startswith("to seal (4)\n")
    assert "no current secret is in plaintext in the history" in repo.stderr
    for name in names:
        assert SECRET not in repo.blob("", name).decode()
    assert repo.blob("", "other.yaml") == b"name: orders\n"
    repo.git("commit", "--quiet", "-m", "first")
    assert_clean(repo)


def test_a_file_that_cannot_be_tracked_does_not_stop_the_others(leaking: Repo) -> None:
    leaking.write(".gitattributes", "config/* filter=lfs\n")
    leaking.git("config", "filter.lfs.clean", "cat")
    os.link(leaking.path / "local.env", os.fsencode(leaking.path) + b"/\xff.env")
    (leaking.path / "link.yaml").symlink_to(f"{SECRET}-database")
    leaking.git("add", "link.yaml", ".gitattributes")
    data = run_json(leaking, "--yes")
    assert [one["path"] for one in data["files"]] == ["deploy/values-production.yaml", "local.env"]
    leaking.commit("sealed")
    steps = {one["path"]: one["step"] for one in run_json(leaking, "--dry-run")["others"]}
    assert "another filter, lfs" in steps["config/app.yaml"]
    assert "is not UTF-8" in steps["\\xff.env"]


def test_a_file_that_sops_has_encrypted_is_left_to_migrate(leaking: Repo) -> None:
    """A value that SOPS leaves in plaintext is found; to track the file would seal ciphertext."""
    text = leaking.read("config/app.yaml")
    leaking.write("config/app.yaml", f"{text}sops:\n  mac: ENC[AES256_GCM,data:Zm9v,type:str]\n")
    leaking.git("add", "config/app.yaml")
    data = run_json(leaking, "--yes")
    assert "config/app.yaml" not in [one["path"] for one in data["files"]]
    steps = {one["path"]: one["step"] for one in data["others"]}
    assert steps["config/app.yaml"] == "sealedfiles migrate"


@pytest.mark.slow
def test_several_values_in_one_line(leaking: Repo) -> None:
    values = f'{{password: {SECRET}-1234, url: "redis://:{SECRET}@cache/0", image: nginx}}'
    leaking.write("deploy/values.yaml", f"a: {values}\n")
    leaking.write("min.json", json.dumps({"a": {"b": f"{SECRET}-database", "c": "orders"}}))
    leaking.git("add", ".")
    data = run_json(leaking, "--yes")
    found = {one["path"]: one["found"] for one in data["files"]}
    assert found["deploy/values.yaml"] == ["a.password", "a.url"]
    text = leaking.blob("", "deploy/values.yaml").decode()
    assert SECRET not in text
    assert text.endswith(", image: nginx}\n")
    leaking.commit("sealed")
    (file,) = run_json(leaking, "--dry-run", "min.json")["files"]
    assert (file["found"], file["sealed"]) == (["a.b"], 2)


def test_a_secret_that_is_only_staged(leaking: Repo) -> None:
    leaking.write("new.yaml", f"name: orders\npassword: {SECRET}-staged\n")
    leaking.git("add", "new.yaml")
    leaking.write("new.yaml", "name: orders\n")
    run(leaking, "--yes", "new.yaml")
    assert SECRET not in leaking.blob("", "new.yaml").decode()
    assert leaking.read("new.yaml") == "name: orders\n"


def test_an_example_file_is_for_placeholders(leaking: Repo) -> None:
    leaking.write(".env.example", f"API_KEY={SECRET}-0123456789\n")
    leaking.git("add", ".env.example")
    data = run_json(leaking, "--dry-run", ".env.example")
    assert data["files"] == []
    assert {one["step"] for one in data["others"]} == {
        "write a placeholder: this file is an example"
    }


def test_programs_do_not_answer_questions(leaking: Repo) -> None:
    run(leaking, "--json", code=2)
    assert "--json needs --yes or --dry-run" in leaking.stderr


def test_a_policy_without_keys_is_no_rule(leaking: Repo) -> None:
    """Anyone with push access may have written it: it could allow each finding."""
    text = "version: 1\ntracked: []\nrules: []\n"
    leaking.write(".sealedfiles/policy.yaml", text + "allow: []\n")
    run(leaking, "--dry-run", code=2)
    assert "policy.yaml already exists, and nobody proves who wrote it" in leaking.stderr
    assert not (leaking.path / ".git/sealedfiles/policy").exists()


def test_the_file_for_filter_repo_is_written_on_request(leaking: Repo, tmp_path: Path) -> None:
    run(leaking, "--yes", "--replace-text", str(tmp_path / "values.txt"))
    assert f"literal:{SECRET}-of-redis==>" in (tmp_path / "values.txt").read_text()
    run(leaking, "--dry-run", "--yes", code=2)


PROJECTS: dict[str, dict[str, str]] = {
    "kubernetes": {"k8s/": "kubernetes", "README.md": ""},
    "compose": {"": "compose"},
    "helm": {"chart/": "helm"},
    "spring": {"src/main/resources/": "spring"},
    "dotnet": {"": "dotnet"},
    "rails": {"config/": "rails"},
    "terraform": {"infra/": "terraform"},
    "django": {"": "django"},
    "laravel": {"": "laravel"},
    "node": {"": "node"},
    "firebase": {"keys/": "firebase"},
}
"""Folders of the corpus, and where they are in a project."""
MORE = {
    "helm": {"chart/values-production.yaml": VALUES},
    "kubernetes": {".github/workflows/ci.yml": "on: push\njobs: {}\n"},
}


def build(repo: Repo, name: str) -> dict[str, bytes]:
    """Write a project; return its files."""
    files = {path: text.encode() for path, text in MORE.get(name, {}).items()}
    for target, folder in PROJECTS[name].items():
        for file in (FOLDER / folder).rglob("*") if folder else ():
            if file.is_file():
                files[target + file.relative_to(FOLDER / folder).as_posix()] = file.read_bytes()
    for path, data in files.items():
        repo.write(path, data)
    repo.commit("the project")
    return files


def data_of(files: Mapping[str, bytes]) -> dict[str, Data]:
    """Return the data of the files as programs read it."""
    found = {}
    for path, content in files.items():
        form = name_by_path(path.encode())
        if form != "whole":
            found[path] = load_editor(form).load(content.decode())
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_starts_as_before(name: str, tmp_path: Path) -> None:
    alice = Person.at(tmp_path / "alice")
    repo = alice.repository(tmp_path / "project")
    files = build(repo, name)
    planned = run_json(repo, "--yes")
    assert planned["files"]
    assert planned["others"] == []
    sealed = {one["path"] for one in planned["files"]}
    for path, data in files.items():
        assert (repo.blob("", path) == data) == (path not in sealed)
    found = {(one["path"], key) for one in planned["files"] for key in one["found"]}
    listed = {(row["path"], row["key"]) for row in planned["values"] if row["class"] != "review"}
    assert {one for one in found if "ca.crt" not in one[1] and "nginx" not in one[1]} <= listed
    repo.git("commit", "--quiet", "-m", "sealed")

    clone = alice.clone(repo, tmp_path / "clone", "--no-local")
    before = {path: clone.read_bytes(path) for path in files}
    assert data_of(before).keys() == data_of(files).keys()
    assert {path for path in files if before[path] != files[path]} == sealed
    clone.sealedfiles("unlock")
    after = {path: clone.read_bytes(path) for path in files}
    assert after == files
    assert data_of(after) == data_of(files)
    assert_clean(clone)
    clone.sealedfiles("check", "--strict")
    assert clone.sealedfiles("scan", "--engine", "none") == ""


@pytest.mark.slow
def test_no_value_leaves_the_process(leaking: Repo, tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    log = tmp_path / "strace"
    calls = "trace=%network,write,pwrite64,writev,pwritev,sendfile,memfd_create"
    program = str(Path(sys.executable).with_name("sealedfiles"))
    command = [strace, "-f", "-y", "-s", "100000", "-e", calls, "-o", str(log), program]
    leaking.raw(*command, "adopt", "--yes", "--engine", "none")
    lines = log.read_text(errors="replace").split("\n")
    assert any("write(" in line for line in lines)
    assert [line for line in lines if "AF_INET" in line] == []
    written = [line for line in lines if SECRET in line and "write" in line]
    to_files = [line for line in written if "<pipe:" not in line.partition(",")[0]]
    assert to_files == []


def test_values_whose_keys_are_lost_are_not_adopted_again(repo: Repo) -> None:
    """New keys could not decrypt them."""
    repo.git("rm", "--quiet", "-r", ".sealedfiles")
    run(repo, "--yes", code=3)
    assert not (repo.path / ".sealedfiles").exists()

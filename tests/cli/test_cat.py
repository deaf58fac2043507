"""cat for one group, and in other formats (for the plain form, see test_files)."""

from __future__ import annotations

import json
import shutil
import sys
from base64 import b64decode
from io import StringIO
from typing import TYPE_CHECKING

import pytest
import yaml
from dotenv import dotenv_values
from people import ENV, FILES, JSON, YAML, Person, Repo, groups, program, tokens

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

VALUES = {
    "APP_NAME": "orders",
    "APP_PORT": "8080",
    "DB_USER": "s3cr3t-user",
    "DB_PASSWORD": "s3cr3t-db-alpha",
    "CACHE_URL": "redis://:s3cr3t-cache-alpha@cache:6379/0",
    "TLS_KEY": "-----BEGIN PRIVATE KEY-----\ns3cr3tMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----",
    "PROD_PIN": "s3cr3t-production",
    "API_TOKEN": "s3cr3t-api-alpha",
}
"""What the .env file of these tests means."""


@pytest.fixture(params=["unlocked", "locked"])
def bobs(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Repo:
    """The clone of Bob, who does not read production, with decrypted or sealed files."""
    repo = world.copy("bob", tmp_path / "orders")
    if request.param == "locked":
        repo.sealedfiles("lock")
    return repo


# -- groups


def test_values_of_groups_that_one_does_not_read_stay_tokens_silently(bobs: Repo) -> None:
    text = bobs.sealedfiles("cat", *FILES)
    assert bobs.stderr == ""
    assert groups(text) == {"production"}
    assert text.count("s3cr3t-db-alpha") == len(FILES)


def test_one_group_is_opened_and_all_others_are_as_git_has_them(repo: Repo) -> None:
    opened = ""
    for path, written in ((ENV, "'{}'"), (JSON, '"{}"'), (YAML, "'{}'")):
        in_git = repo.blob("HEAD", path).decode()
        [production] = [token for token in tokens(in_git) if groups(token) == {"production"}]
        quoted = production if path == ENV else f'"{production}"'
        opened += in_git.replace(quoted, written.format("s3cr3t-production"))
    assert repo.sealedfiles("cat", "--group", "production", *FILES) == opened
    assert repo.texts() == FILES
    both = repo.sealedfiles("cat", "--group", "production", "--group", "default", *FILES)
    assert both == "".join(FILES.values())
    repo.sealedfiles("lock")
    assert repo.sealedfiles("cat", "--group", "production", *FILES) == opened


def test_a_value_that_was_just_typed_is_shown_with_its_own_group_only(repo: Repo) -> None:
    repo.write(ENV, repo.read(ENV) + "NEW=s3cr3t-new\nPROD_NEW=s3cr3t-prod-new\n")
    text = repo.sealedfiles("cat", "--group", "production", ENV)
    assert "NEW=sealed:v1:default:" in text
    assert "PROD_NEW=s3cr3t-prod-new\n" in text


def test_a_group_whose_key_is_not_available_is_exit_status_3(bobs: Repo) -> None:
    text = bobs.sealedfiles("cat", "--group", "production", ENV, code=3)
    assert "s3cr3t" not in text
    assert "the values of the group production stay sealed: no key for the group" in bobs.stderr
    assert "alice" in bobs.stderr, "who could grant access"
    text = bobs.sealedfiles("cat", "--group", "default", ENV)
    assert bobs.stderr == ""
    assert "s3cr3t-db-alpha" in text


def test_a_machine_with_access_to_the_wrong_group_gets_an_error(
    world: World, origin: Path, tmp_path: Path
) -> None:
    key = world.bob.identities.read_text()
    machine = Person.at(tmp_path / "ci").having(CI="true", SEALEDFILES_KEY=key)
    clone = machine.clone(origin, tmp_path / "build")
    clone.sealedfiles("cat", JSON)
    clone.sealedfiles("cat", "--group", "production", JSON, code=3)
    clone.sealedfiles("cat", "--group", "production", "--format", "shell", JSON, code=3)


def test_an_unknown_group_is_an_error_that_lists_the_groups(repo: Repo) -> None:
    assert repo.sealedfiles("cat", "--group", "prod", ENV, code=2) == ""
    assert "the group prod" in repo.stderr
    assert "available: default, production" in repo.stderr


def test_damaged_tokens_count_where_they_are_of_the_group(repo: Repo) -> None:
    repo.sealedfiles("seal", ENV)
    sealed = repo.read(ENV)
    of_default = next(token for token in tokens(sealed) if groups(token) == {"default"})
    repo.write(ENV, sealed.replace(of_default, of_default[:-5] + "AAAAA"))
    repo.sealedfiles("cat", "--group", "production", ENV)
    repo.sealedfiles("cat", "--group", "default", ENV, code=4)
    assert f"{ENV}:6: DB_USER" in repo.stderr


def test_a_file_that_is_sealed_whole_has_its_group(repo: Repo) -> None:
    repo.sealedfiles("track", "*.pem")
    for state in ("open", "sealed"):
        repo.write("key.pem", b"s3cr3t\x00\xff")
        if state == "sealed":
            repo.sealedfiles("seal", "key.pem")
        whole = repo.raw(*program(), "cat", "--group", "default", "key.pem")
        assert whole == b"s3cr3t\x00\xff"
        assert groups(repo.sealedfiles("cat", "--group", "production", "key.pem")) == {"default"}


def test_groups_work_outside_of_git(repo: Repo) -> None:
    repo.sealedfiles("lock")
    shutil.rmtree(repo.path / ".git")
    text = repo.sealedfiles("cat", "--group", "production", YAML)
    assert groups(text) == {"default"}
    assert "pin: 's3cr3t-production'" in text


# -- structures


@pytest.mark.parametrize(("path", "form"), [(ENV, "json"), (JSON, "yaml"), (YAML, "json")])
def test_a_structure_says_the_same_in_another_format(repo: Repo, path: str, form: str) -> None:
    text = repo.sealedfiles("cat", "--format", form, path)
    data = json.loads(text) if form == "json" else yaml.safe_load(text)
    expected = {
        ENV: {**VALUES},
        JSON: json.loads(FILES[JSON]),
        YAML: yaml.safe_load(FILES[YAML]),
    }
    assert data == expected[path]
    repo.write(f"config/copy.{form}", text)
    assert repo.sealedfiles("cat", "--format", form, f"config/copy.{form}") == text


def test_several_documents_are_a_list(repo: Repo) -> None:
    repo.write("secrets/two.yaml", "a: 1\n---\n- b\n")
    assert json.loads(repo.sealedfiles("cat", "--format", "json", "secrets/two.yaml")) == [
        {"a": 1},
        ["b"],
    ]


def test_what_stays_sealed_is_a_text_in_a_structure_and_left_out_of_variables(
    bobs: Repo,
) -> None:
    data = json.loads(bobs.sealedfiles("cat", "--format", "json", JSON))
    assert groups(data["production"]["pin"]) == {"production"}
    assert data["database"]["password"] == "s3cr3t-db-alpha"
    text = bobs.sealedfiles("cat", "--format", "env", JSON)
    assert "DATABASE_PASSWORD=" in text
    assert "PRODUCTION_PIN" not in text


def test_a_structure_is_of_one_file_and_has_no_names(repo: Repo) -> None:
    repo.sealedfiles("cat", "--format", "json", JSON, YAML, code=2)
    assert "accepts one file only" in repo.stderr
    repo.sealedfiles("cat", "--format", "yaml", "--prefix", "A", JSON, code=2)
    repo.sealedfiles("cat", "--only", "a", JSON, code=2)
    assert "--prefix, --only and --override are for variables" in repo.stderr


@pytest.mark.parametrize("form", ["json", "github-env"])
def test_nothing_is_printed_on_an_error(
    repo: Repo, origin: Path, tmp_path: Path, form: str
) -> None:
    clone = Person.at(tmp_path / "nobody").clone(origin, tmp_path / "clone")
    assert clone.sealedfiles("cat", "--format", form, ENV, code=3) == ""
    assert "no key" in clone.stderr
    repo.write("secrets/bad.yaml", "a: 1\nb: [s3cr3t\n")
    assert repo.sealedfiles("cat", "--format", form, "secrets/bad.yaml", code=1) == ""
    assert "secrets/bad.yaml:" in repo.stderr
    assert "s3cr3t" not in repo.stderr


def test_a_file_without_values_has_no_other_format(repo: Repo) -> None:
    repo.sealedfiles("track", "*.pem")
    repo.write("key.pem", b"s3cr3t")
    repo.sealedfiles("cat", "--format", "json", "key.pem", code=2)
    assert "no separate values" in repo.stderr


# -- variables


def test_the_env_form_is_read_back_by_python_dotenv_and_by_us(repo: Repo) -> None:
    text = repo.sealedfiles("cat", "--format", "env", ENV)
    assert dotenv_values(stream=StringIO(text), interpolate=False) == VALUES
    repo.write("copy.env", text)
    assert repo.sealedfiles("cat", "--format", "env", "copy.env") == text


def test_several_files_are_merged(repo: Repo) -> None:
    repo.write("local.env", "DB_USER=s3cr3t-local\nURL=${DB_PASSWORD}\n")
    repo.sealedfiles("cat", "--format", "env", ENV, "local.env", code=2)
    assert ".env: DB_USER and local.env: DB_USER both define" in repo.stderr
    options = (
        "--format",
        "env",
        "--override",
        "--prefix",
        "X_",
        "--only",
        "DB_USER",
        "--only",
        "URL",
    )
    text = repo.sealedfiles("cat", *options, YAML, "local.env")
    assert dotenv_values(stream=StringIO(text)) == {"X_DB_USER": "s3cr3t-local", "X_URL": ""}
    text = repo.sealedfiles("cat", "--format", "env", "--override", ENV, "local.env")
    assert dotenv_values(stream=StringIO(text)) == {
        **VALUES,
        "DB_USER": "s3cr3t-local",
        "URL": "s3cr3t-db-alpha",
    }


@pytest.mark.skipif(sys.platform == "win32", reason="for a POSIX shell")
def test_the_shell_form_is_for_eval(repo: Repo) -> None:
    repo.write("odd.env", 'A="it\'s $HOME `id` \\\\ \\"x\\""\nB=\'two\nlines\'\n')
    script = 'eval "$(sealedfiles cat --format shell odd.env)" && printf "%s|%s" "$A" "$B"'
    assert repo.raw("sh", "-c", script).decode() == 'it\'s $HOME `id` \\ "x"|two\nlines'


# -- GitHub


@pytest.fixture
def job(repo: Repo, tmp_path: Path) -> tuple[Repo, Path]:
    """A repository in a GitHub Actions job, and the file of its variables."""
    file = tmp_path / "set_env"
    file.write_bytes(b"")
    repo.person = repo.person.having(GITHUB_ENV=str(file))
    return repo, file


def read_variables(text: str) -> dict[str, str]:
    found = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if "<<" in line:
            name, end = line.split("<<")
            found[name] = "\n".join(iter(lines.__next__, end))
        elif line:
            name, _, found[name] = line.partition("=")
    return found


def masks(stderr: str) -> set[str]:
    lines = stderr.split("\n")[:-1]
    assert all(line.startswith("::add-mask::") for line in lines)
    return {line.removeprefix("::add-mask::").replace("%25", "%") for line in lines}


MASKS = {
    "s3cr3t-user",
    "s3cr3t-db-alpha",
    "redis://:s3cr3t-cache-alpha@cache:6379/0",
    "-----BEGIN PRIVATE KEY-----",
    "s3cr3tMIGHAgEAMBMGByqGSM49",
    "-----END PRIVATE KEY-----",
    "s3cr3t-production",
    "s3cr3t-api-alpha",
}


def test_the_github_form_sets_variables_and_masks_every_line_of_secrets(
    job: tuple[Repo, Path],
) -> None:
    repo, file = job
    assert repo.sealedfiles("cat", "--format", "github-env", ENV) == ""
    assert read_variables(file.read_text()) == VALUES
    assert masks(repo.stderr) == MASKS, "and no value that the rules leave plain"


def test_outside_github_the_variables_are_on_stdout(repo: Repo) -> None:
    text = repo.sealedfiles("cat", "--format", "github-env", ENV)
    assert read_variables(text) == VALUES
    assert masks(repo.stderr) == MASKS


@pytest.mark.skipif(sys.platform == "win32", reason="for a POSIX shell")
def test_a_shell_may_append_as_well(job: tuple[Repo, Path]) -> None:
    repo, file = job
    repo.raw("sh", "-c", f'sealedfiles cat --format github-env {ENV} >> "$GITHUB_ENV"')
    assert read_variables(file.read_text()) == VALUES
    assert masks(repo.stderr) == MASKS


def test_an_invalid_value_that_is_left_out_is_not_an_error(
    job: tuple[Repo, Path],
) -> None:
    repo, file = job
    repo.write("config/a.json", '{"a": "s3cr3t\\ud800", "b": "s3cr3t-b"}')
    repo.sealedfiles("cat", "--format", "github-env", "--only", "b", "config/a.json")
    assert read_variables(file.read_text()) == {"B": "s3cr3t-b"}
    assert "::add-mask::s3cr3t-b\n" in repo.stderr


def test_existing_content_stays_and_gets_a_line_ending(job: tuple[Repo, Path]) -> None:
    repo, file = job
    file.write_bytes(b"EARLIER=1\nLAST=2")
    repo.sealedfiles("cat", "--format", "github-env", "--only", "DB_USER", ENV)
    repo.sealedfiles("cat", "--format", "github-env", "--only", "PROD_PIN", ENV)
    assert read_variables(file.read_text()) == {
        "EARLIER": "1",
        "LAST": "2",
        "DB_USER": "s3cr3t-user",
        "PROD_PIN": "s3cr3t-production",
    }


def test_only_an_existing_file_is_appended_to(job: tuple[Repo, Path], tmp_path: Path) -> None:
    repo, file = job
    file.unlink()
    repo.sealedfiles("cat", "--format", "github-env", ENV, code=2)
    assert "GITHUB_ENV is not a file" in repo.stderr
    assert not file.exists()
    if sys.platform != "win32":
        (tmp_path / "elsewhere").write_bytes(b"")
        file.symlink_to(tmp_path / "elsewhere")
        repo.sealedfiles("cat", "--format", "github-env", ENV, code=None)
        assert (tmp_path / "elsewhere").read_bytes() == b""


def test_a_name_reserved_by_github_sets_nothing(job: tuple[Repo, Path]) -> None:
    repo, file = job
    repo.write("bad.env", "GITHUB_SHA=s3cr3t-sha\nA=s3cr3t-a\n")
    repo.sealedfiles("cat", "--format", "github-env", "bad.env", code=2)
    assert "bad.env: GITHUB_SHA: GitHub does not let steps set GITHUB_SHA" in repo.stderr
    assert file.read_bytes() == b""
    repo.sealedfiles("cat", "--format", "github-env", "--prefix", "MY_", "bad.env")
    assert set(read_variables(file.read_text())) == {"MY_GITHUB_SHA", "MY_A"}


# -- a Secret of Kubernetes


def test_the_manifest_of_a_secret(repo: Repo) -> None:
    options = ["--format", "k8s-secret", "--name", "orders", "--only", "DB_*", "--only", "TLS_KEY"]
    manifest = yaml.safe_load(repo.sealedfiles("cat", *options, ENV))
    data = {key: b64decode(value).decode() for key, value in manifest.pop("data").items()}
    assert manifest == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "orders"},
        "type": "Opaque",
    }
    assert set(data) == {"DB_USER", "DB_PASSWORD", "TLS_KEY"}
    assert data["TLS_KEY"].startswith("-----BEGIN PRIVATE KEY-----\n")
    manifest = yaml.safe_load(repo.sealedfiles("cat", *options, "--namespace", "shop", ENV))
    assert manifest["metadata"] == {"name": "orders", "namespace": "shop"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "k8s-secret"], "needs --name"),
        (["--format", "env", "--name", "x"], "needs --name"),
        (["--namespace", "x"], "needs --name"),
        (["--format", "k8s-secret", "--name", "A_B"], '"A_B" is not a valid name'),
        (["--format", "k8s-secret", "--name", "a", "--namespace", "-"], '"-" is not a valid name'),
    ],
)
def test_a_secret_needs_a_valid_name(repo: Repo, options: list[str], words: str) -> None:
    repo.sealedfiles("cat", *options, ENV, code=2)
    assert words in repo.stderr


def test_a_key_that_kubernetes_does_not_allow_is_refused(repo: Repo) -> None:
    repo.write("x.env", "A-Ä=1\n")
    repo.sealedfiles("cat", "--format", "k8s-secret", "--name", "a", "x.env", code=2)
    assert "is not a valid key of a Secret" in repo.stderr

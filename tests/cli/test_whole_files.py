"""Files with one value, and files that cannot be parsed: the user's view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from people import Repo

pytestmark = pytest.mark.many_variants

VAULT = "$ANSIBLE_VAULT;1.1;AES256\n66386439653236336462626566653063336164\n6431\n"


@pytest.fixture
def ready(fresh: Repo) -> Repo:
    fresh.sealedfiles("init", "--name", "alice")
    fresh.git("commit", "--quiet", "--message", "set up")
    return fresh


ROOTS = {
    "vault.yml": VAULT,
    "answer.json": "42\n",
    "text.json": '"s3cr3t"',
    "hello.yaml": "s3cr3t\n",
    "certificate.yaml": "|\n  one\n  two\n",
}
TEMPLATES = {
    "mapping.yml": "spec:\n  replicas: {{ .Values.n }}\n",
    "lines.yml": "{{- if .Values.on }}\na: s3cr3t\n{{- end }}\n",
    "jinja.json": '{"a": {{ a | tojson }}}\n',
}


@pytest.mark.slow
def test_a_file_of_one_scalar_is_committed_without_a_finding(ready: Repo) -> None:
    ready.sealedfiles("track", "*.yml", "*.yaml", "*.json", "--group", "default")
    for name, text in ROOTS.items():
        ready.write(name, text)
    ready.git("add", "-A")
    assert "sealed whole" not in ready.stderr
    ready.commit("files of one value")
    assert "sealed whole" not in ready.stderr
    for name in ROOTS:
        assert len(ready.tokens("", name)) == 1
        for keyed in ([], ["--keyed"]):
            assert ready.sealedfiles("check", name, *keyed) == ""
        ready.sealedfiles("track", name)
        assert "sealed whole" not in ready.stderr
    assert ready.sealedfiles("get", "answer.json", ".") == "42\n"
    assert ready.sealedfiles("get", "hello.yaml", ".") == "s3cr3t\n"


def test_a_root_scalar_that_is_edited_stays_one_value(ready: Repo) -> None:
    ready.sealedfiles("track", "*.yml")
    ready.write("vault.yml", "a: s3cr3t\n")
    ready.commit("a mapping")
    ready.write("vault.yml", VAULT)
    ready.commit("encrypted with ansible-vault")
    assert ready.sealedfiles("check", "--keyed", "--strict", "vault.yml") == ""
    ready.write("vault.yml", "b: s3cr3t\n")
    ready.commit("a mapping again")
    assert ready.sealedfiles("check", "--keyed", "vault.yml") == ""
    assert ready.blob("", "vault.yml").startswith(b'b: "sealed:v1:')


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_sealed_whole_and_its_user_is_told_what_to_type(
    ready: Repo, name: str
) -> None:
    ready.sealedfiles("track", "*.yml", "*.json")
    ready.write(name, TEMPLATES[name])
    ready.git("add", "-A")
    hint = f"sealedfiles track {name} --format whole"
    assert f"{name}:" in ready.stderr
    assert "sealed whole: " in ready.stderr
    assert hint in ready.stderr
    assert "did not parse" not in ready.stderr
    ready.git("commit", "-q", "--no-verify", "-m", "a template")
    assert ready.blob("", name).count(b"sealed:v1:") == 1
    found = ready.sealedfiles("check", "--keyed", name, code=1)
    assert "[whole-file]" in found
    assert hint in found
    assert "did not parse" not in found
    ready.sealedfiles("track", name, "--format", "whole")
    assert ready.sealedfiles("check", "--keyed", name) == ""
    ready.write(name, TEMPLATES[name] + " \n")
    ready.commit("another template")
    assert "sealed whole" not in ready.stderr


def test_a_file_that_stays_whole_is_named_once(ready: Repo) -> None:
    ready.sealedfiles("track", "*.yml")
    ready.write("a.yml", "a: [1\n")
    ready.git("add", "-A")
    assert "a.yml:2: sealed whole" in ready.stderr
    ready.write("a.yml", "a: [1\n")
    ready.git("add", "--renormalize", "-A")
    assert "sealed whole" not in ready.stderr


def test_env_files_by_their_names(ready: Repo) -> None:
    names = [".env", ".env.local", ".envrc", ".envrc.private", ".flaskenv", ".dev.vars"]
    ready.sealedfiles("track", *names)
    for name in names:
        ready.write(name, "export A=s3cr3t-a\nB='s3cr3t-b'\n")
    ready.git("add", "-A")
    for name in names:
        assert len(ready.tokens("", name)) == 2

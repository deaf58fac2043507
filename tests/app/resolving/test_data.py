"""References in every shape that a file can give them, and secrets of every shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import pytest
from people import program
from referring import allow

from sealedfiles import load, loads

if TYPE_CHECKING:
    from people import Repo

REFERENCE = "ref+env://S3CR3T_SOURCE"
FORMS: dict[str, Literal["yaml", "json", "dotenv"]] = {
    "secrets/a.yaml": "yaml",
    "config/a.json": "json",
    "a.env": "dotenv",
}
PEM = "-----BEGIN KEY-----\nMIGH: #'\"\\ab\n-----END KEY-----\n"
VALUES = [
    "plain",
    "with: colon # and hash",
    "'quotes' and \"more\" \\n",
    PEM,
    "",
    "007",
    "true",
    "é€😀",
    " x ",
]


@pytest.fixture
def repo(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    allow(repo, "env")
    repo.person = repo.person.having(S3CR3T_SOURCE="from elsewhere")
    for name, value in repo.person.environment().items():
        monkeypatch.setenv(name, value)
    return repo


@pytest.mark.many_variants
@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("secrets/a.yaml", "a: @\n", {"a": "V"}),
        ("secrets/a.yaml", "a: '@'  # why\nb: \"@\"\n", {"a": "V", "b": "V"}),
        ("secrets/a.yaml", "a: |-\n  @\nb: >-\n  @\n", {"a": "V", "b": "V"}),
        ("secrets/a.yaml", "a: &x @\nb: !!str @\n", {"a": "V", "b": "V"}),
        ("secrets/a.yaml", "a: [@, x, {b: @}]\n", {"a": ["V", "x", {"b": "V"}]}),
        ("secrets/a.yaml", "- a: @\n- a: x\n- a: @\n", [{"a": "V"}, {"a": "x"}, {"a": "V"}]),
        ("secrets/a.yaml", "a: @\n---\nb: [@]\n", [{"a": "V"}, {"b": ["V"]}]),
        ("secrets/a.yaml", "'a.b': {'c[0]': @}\n", {"a.b": {"c[0]": "V"}}),
        ("secrets/a.yaml", "@\n", "V"),
        ("config/a.json", '{"a": "@", "b": [1, "@", null]}', {"a": "V", "b": [1, "V", None]}),
        ("config/a.json", '{"a": "ref\\u002benv:\\/\\/S3CR3T_SOURCE"}', {"a": "V"}),
        ("a.env", "A=@\nB='@'\nexport C=\"@\"\n", {"A": "V", "B": "V", "C": "V"}),
        ("a.env", "A= @\nB=@ # why\nC=x\n", {"A": "V", "B": "V", "C": "x"}),
        ("a.env", "A=x@\nB='@ '\n", {"A": f"x{REFERENCE}", "B": "invalid"}),
    ],
)
def test_where_a_reference_may_be(repo: Repo, path: str, text: str, expected: Any) -> None:
    repo.write(path, text.replace("@", REFERENCE))
    repo.commit("references")
    if "invalid" in repr(expected):
        repo.sealedfiles("cat", "--resolve", path, code=2)
        assert f"{path}: B: the reference is invalid" in repo.stderr
        return
    wanted = json.loads(json.dumps(expected).replace('"V"', '"from elsewhere"'))
    assert load(repo.path / path, resolve=True) == wanted
    shown = repo.sealedfiles("cat", "--resolve", "--format", "json", path)
    assert json.loads(shown) == wanted
    assert loads(repo.sealedfiles("cat", "--resolve", path), FORMS[path], root=repo.path) == wanted


@pytest.mark.many_variants
@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("path", FORMS)
def test_a_secret_of_any_shape_comes_through(repo: Repo, path: str, value: str) -> None:
    texts = {
        "yaml": f"A: {REFERENCE}\n",
        "json": f'{{"A": "{REFERENCE}"}}\n',
        ".env": f"A={REFERENCE}\n",
    }
    repo.write(path, texts[path[-4:]])
    repo.commit("references")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("S3CR3T_SOURCE", value)
        assert load(repo.path / path, resolve=True) == {"A": value}
    repo.person = repo.person.having(S3CR3T_SOURCE=value)
    text = repo.sealedfiles("cat", "--resolve", path)
    assert loads(text, FORMS[path], root=repo.path) == {"A": value}
    assert repo.sealedfiles("run", "-f", path, "--", "printenv", "A") == f"{value}\n"


@pytest.mark.parametrize(("path", "data"), [("a.env", b"\xff"), ("certs/a.pem", b"x\n")])
def test_a_file_without_separate_values_is_printed_as_it_is(
    repo: Repo, path: str, data: bytes
) -> None:
    repo.sealedfiles("track", "certs/*")
    repo.write(path, data)
    repo.commit("no values")
    assert repo.raw(*program(), "cat", "--resolve", path) == data


def test_a_file_that_does_not_parse_is_named(repo: Repo) -> None:
    repo.write("secrets/a.yaml", f"a: [{REFERENCE}\n")
    repo.sealedfiles("cat", "--resolve", "secrets/a.yaml", code=1)
    assert "secrets/a.yaml:" in repo.stderr

"""References in plaintext to sealed values are found without a key."""

from __future__ import annotations

import pytest

from check.toy import APP, Toy
from sealedfiles.app.check import references
from sealedfiles.model.paths import show

RULES = "- {files: '*.env', values: 'APP_*', plain: true}"


def anchored(toy: Toy, added: str) -> None:
    toy.edit("db:\n", "db: &d\n")
    toy.edit('password: "', 'password: &p "')
    toy.write(APP, toy.read(APP) + added)


@pytest.mark.parametrize(
    ("added", "found"),
    [
        ("url: *p\n", ["5 url"]),
        ("all: *d\n", ["5 all.user", "5 all.password"]),
        ("x:\n  <<: *d\n", ["6 x.user", "6 x.password"]),
        ("x:\n  <<: [*d]\n", ["6 x.user", "6 x.password"]),
        ("x:\n  <<: *d\n  user: bob\n", ["6 x.password"]),
        ("l:\n- a\n- *p\n", ["7 l[]"]),
        ("a: {b: [*p]}\n", ["5 a.b[]"]),
    ],
)
def test_aliases_and_merge_keys(toy: Toy, added: str, found: list[str]) -> None:
    anchored(toy, added)
    references = [one for one in toy.staged() if "-reference " in one]
    assert references == [f"sealed-reference {APP}:{one}" for one in found]


@pytest.mark.parametrize("added", ["", "x: &n y\nz: *n\n", "# *p\n"])
def test_what_refers_to_no_sealed_value_is_nothing(toy: Toy, added: str) -> None:
    anchored(toy, added)
    assert not any("-reference " in one for one in toy.staged())


@pytest.mark.parametrize(
    ("db", "found"),
    [
        ("db: {password: *p}\n", ["2 db.password: shows the plaintext of plain.password"]),
        ("db: {a: 1, <<: *d}\n", ["2 db.password: shows the plaintext of plain.password"]),
        ("db:\n  <<: [{b: 1}, *d]\n", ["3 db.password: shows the plaintext of plain.password"]),
        ("<<: {db: *d}\n", ["2 db.password: shows the plaintext of plain.password"]),
        ("&k x: 1\ndb: {password: *k}\n", ["3 db.password: shows the plaintext of a key"]),
        (
            "x: &x {password: *p}\ndb: *x\n",
            ["3 db.password: shows the plaintext of plain.password"],
        ),
        ("db: {password: '*p', b: *p}\n", []),
        ("db: {<<: *d, password: ~}\n", []),
    ],
)
def test_plaintext_that_an_alias_shows_at_a_sealed_key(toy: Toy, db: str, found: list[str]) -> None:
    toy.policy("- {files: '*', values: db.password}\n- {files: '*', plain: true}")
    toy.write(APP, f"plain: &d {{password: &p evil}}\n{db}")
    toy.stage()
    findings = [one for one in toy.findings(staged=True) if one.code == "plain-alias"]
    assert [f"{one.line} {show(one.key or b'')}: {one.what}" for one in findings] == [
        f"{one}; the policy seals it to default" for one in found
    ]


def test_aliases_of_millions_of_values_are_an_error_where_some_keys_are_sealed(toy: Toy) -> None:
    toy.policy("- {files: '*', values: db.password}\n- {files: '*', plain: true}")
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    toy.write(APP, "\n".join(lines) + "\n")
    toy.stage()
    (one,) = [one for one in toy.findings(staged=True) if one.code == "plain-alias"]
    assert "it is unknown which values its aliases repeat" in one.what


def test_more_keys_than_anybody_would_read_are_one_finding(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "_MOST_PLACES", 1)
    toy.policy("- {files: '*', values: 'db.**'}\n- {files: '*', plain: true}")
    toy.write(APP, "plain: &d {a: 1, b: 2}\ndb: *d\n")
    toy.stage()
    (one,) = [one for one in toy.findings(staged=True) if one.code == "plain-alias"]
    assert "more than 1 keys" in one.what


def test_a_reference_between_values_of_the_same_group_is_a_warning(toy: Toy) -> None:
    anchored(toy, "url: *p\n")
    toy.stage()
    (one,) = [one for one in toy.findings(staged=True) if one.code == "sealed-reference"]
    assert not one.is_error


def test_the_finding_names_both_keys_and_says_what_to_do(toy: Toy) -> None:
    toy.policy("- {files: '**', values: url, plain: true}")
    anchored(toy, "url: *p\n")
    toy.stage()
    (one,) = [one for one in toy.findings(staged=True) if one.code == "plain-reference"]
    assert one.what == "refers in plaintext to the sealed value db.password"
    assert one.is_error
    assert one.fix == f"git log -p -- {APP}"


@pytest.mark.parametrize(
    ("value", "is_found"),
    [
        ("http://x/${DB_PASSWORD}", True),
        ("$DB_PASSWORD", True),  # docker compose and bash
        ('"x${NO_SUCH:-${DB_PASSWORD}}"', True),
        ("${APP_VIA}", True),
        ("${APP_NAME}", False),
        ("DB_PASSWORD", False),
        ("\\$x", False),
    ],
)
def test_variables_of_env_files(toy: Toy, value: str, *, is_found: bool) -> None:
    toy.policy(RULES)
    sealed = toy.sealed("DB_PASSWORD=hunter2-alpha\n", "a.env").decode()
    text = "APP_NAME=shop\nAPP_VIA=${DB_PASSWORD}\n" if "VIA" in value else "APP_NAME=shop\n"
    toy.write("a.env", f"{sealed}{text}APP_URL={value}\n")
    line = 2 + text.count("\n")
    references = [one for one in toy.staged() if one.startswith("plain-reference")]
    assert (f"plain-reference a.env:{line} APP_URL" in references) == is_found
    assert len(references) == is_found + text.count("VIA")


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n", "\xa0\n", "\x0b# y\n"])
def test_variables_with_any_line_end_are_read_from_their_tokens(toy: Toy, end: str) -> None:
    toy.policy(RULES)
    lines = ["DB_USER= hunter2-user", "# why", "DB_PASSWORD='hunter2 alpha' # why", "DB_NONE=", ""]
    toy.write("a.env", toy.sealed(end.join(lines), "a.env"))
    assert [one for one in toy.staged() if "a.env" in one] == []


@pytest.mark.parametrize("quote", ['"', "'", "`"])
def test_the_quotes_of_a_token_are_no_plaintext(toy: Toy, quote: str) -> None:
    """A formatter adds them in a locked clone; when the token is decrypted, they are gone."""
    toy.policy(RULES)
    lines = toy.sealed("DB_PASSWORD=hunter2-alpha\nAPP_X=y\nDB_USER=u\n", "a.env").decode()
    _, token = lines.split("\n")[0].split("=")
    for end in ("", " # why"):
        toy.write("a.env", lines.replace(token, f"{quote}{token}{quote}{end}"))
        assert [one for one in toy.staged() if "a.env" in one] == []
    toy.write(
        "a.env", lines.replace(token, f"{quote}{token}{quote}") + "APP_Z=`\nDB_PASSWORD=evil`\n"
    )
    (one,) = [one for one in toy.staged() if "a.env" in one]
    assert one == "duplicate-key a.env:5 DB_PASSWORD"


def test_the_line_is_that_of_the_assignment(toy: Toy) -> None:
    toy.policy(RULES)
    sealed = toy.sealed("A=hunter2-alpha\n", "a.env").decode()
    toy.write("a.env", f"APP_A=A A\n{sealed}APP_Z=`\nA=evil`\nAPP_LAST=A\nAPP_AA=BA=1\n")
    assert "duplicate-key a.env:4 A" in toy.staged()


def test_with_line_ends_that_compose_does_not_know_it_reads_tokens_too(toy: Toy) -> None:
    toy.policy(RULES)
    toy.write("a.env", toy.sealed("DB_USER=hunter2-user\rDB_PASSWORD=hunter2-alpha\r", "a.env"))
    assert [one for one in toy.staged() if "a.env" in one] == []


def test_it_can_be_allowed(toy: Toy) -> None:
    anchored(toy, "url: *p\n")
    toy.policy(
        more="allow:\n- {finding: plain-reference, files: '**', values: url, reason: meant}\n"
    )
    assert not any(one.startswith("plain-reference") for one in toy.staged())


def test_references_that_expand_to_too_much_are_a_finding(toy: Toy) -> None:
    toy.policy(RULES)
    sealed = toy.sealed("DB_PASSWORD=hunter2-alpha\n", "a.env").decode()
    doubling = "".join(f"APP_{n + 1}=${{APP_{n}}}${{APP_{n}}}\n" for n in range(30))
    toy.write("a.env", f"{sealed}APP_0=0123456789\n{doubling}APP_URL=${{DB_PASSWORD}}\n")
    assert "plain-reference a.env:18" in [one.strip() for one in toy.staged()]


def test_aliases_that_repeat_thousands_are_one_finding(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "_MOST_PLACES", 10)
    anchored(toy, "l:\n" + "- *d\n" * 1000)
    toy.stage()
    found = [one for one in toy.findings(staged=True) if one.code.endswith("-reference")]
    # Each repeats two values: five are listed, and the sixth is too much.
    assert [one.code for one in found] == ["sealed-reference"] * 10 + ["plain-reference"]
    assert found[-1].what == "aliases refer to sealed values at more than 10 places"
    assert found[-1].line == found[-2].line + 1


def test_a_secret_reference_that_the_policy_leaves_in_plaintext(toy: Toy) -> None:
    toy.policy("- {files: 'secrets/*', values: name, plain: true}\nresolve: [env, vault]")
    toy.edit("name: shop", "name: ref+env://HOME")
    toy.stage()
    (one,) = [one for one in toy.findings(staged=True) if one.code == "unsealed-reference"]
    assert one.what == "a secret reference (env) is in plaintext"
    assert one.is_error
    assert one.line == 1


@pytest.mark.parametrize("value", ["ref+op://a/b/c", "ref+sops://a/b", "x ref+env://HOME", "shop"])
def test_other_schemes_are_text(toy: Toy, value: str) -> None:
    toy.policy("- {files: 'secrets/*', values: name, plain: true}\nresolve: [env, vault]")
    toy.edit("name: shop", f"name: {value}")
    assert not any("unsealed-reference" in one for one in toy.staged())


def test_so_are_references_in_a_file_in_plaintext(toy: Toy) -> None:
    toy.policy("- {files: '*.env', plain: true}\nresolve: [env]")
    toy.write("public.env", "A=ref+env://HOME\n")
    assert not any("unsealed-reference" in one for one in toy.staged())


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("secrets/a.ini", "[s]\npassword = hunter2-a\nurl = x%(password)s\n", "s.url"),
        ("secrets/a.ini", "[s]\npassword = hunter2-a\n[t]\nurl = ${s:password}\n", "t.url"),
        ("secrets/a.ini", "[DEFAULT]\npassword = hunter2-a\n[t]\nurl = %(password)s\n", "t.url"),
        ("secrets/a.ini", "[s]\npassword = hunter2-a\n[t]\nurl = %(password)s\n", ""),
        (
            "secrets/a.properties",
            "db.password=hunter2-a\nurl=http://x/${db.password:none}\n",
            "url",
        ),
        ("secrets/a.properties", "db.password=hunter2-a\nurl=http://x/${db.user}\n", ""),
    ],
)
def test_interpolations_of_ini_files_and_properties(
    toy: Toy, name: str, text: str, found: str
) -> None:
    toy.policy("- {files: 'secrets/a.*', values: '**.url', plain: true}")
    toy.write(name, toy.sealed(text, name))
    references = [one for one in toy.staged() if one.startswith("plain-reference")]
    assert references == ([f"plain-reference {name}:{_line(text)} {found}"] if found else [])


def _line(text: str) -> int:
    return text[: text.index("url")].count("\n") + 1

"""Findings in a single file: plaintext, and tokens that do not match the rules and keys."""

from __future__ import annotations

import pytest

from check.toy import APP, NUMBERS, TEXT, Toy


def test_nothing_is_found_without_problems(toy: Toy) -> None:
    assert toy.found() == []
    assert toy.found(staged=True) == []
    assert toy.found(history=True) == []
    assert toy.report().looked_at == 1


def test_a_value_in_plaintext_is_named_with_its_line(toy: Toy) -> None:
    toy.edit(toy.token("password"), "hunter2-beta")
    toy.commit()
    assert toy.found() == [f"plain-value {APP}:4 db.password"]


def test_a_finding_contains_no_secret(toy: Toy) -> None:
    toy.write(APP, TEXT)
    toy.write("plain.env", "A=hunter2-gamma\n#B=hunter2-delta\n")
    toy.stage()
    findings = toy.findings()
    assert len(findings) == 4
    assert not any("hunter2" in f"{f.what} {f.fix} {f.shown_key}" for f in findings)


def test_a_value_that_is_plain_by_rule_is_nothing(toy: Toy) -> None:
    toy.edit("name: shop", "name: another")
    assert toy.staged() == []


def test_quotes_of_a_formatter_around_a_token_change_nothing(toy: Toy) -> None:
    toy.edit(f'"{toy.token("user")}"', toy.token("user"))
    toy.edit(f'"{toy.token("password")}"', f"'{toy.token('password')}'")
    assert toy.staged() == []


def test_line_numbers_are_those_of_the_stored_text(toy: Toy) -> None:
    text = toy.sealed("a: |\n  one\n  two\n  three\nb: x\n", "secrets/b.yaml").decode()
    toy.write("secrets/b.yaml", text + "c: in the clear\n")
    assert toy.staged() == ["plain-value secrets/b.yaml:3 c"]


@pytest.mark.parametrize("name", ["x.yaml", "x.json", "x.env", "x.pem"])
def test_empty_files_are_nothing(toy: Toy, name: str) -> None:
    toy.write(f"secrets/{name}", "")
    assert toy.staged() == []


def test_a_file_that_is_to_be_sealed_whole_and_is_not(toy: Toy) -> None:
    toy.write("secrets/key.pem", b"-----BEGIN\xff PRIVATE KEY-----\n")
    assert toy.staged() == ["plain-file secrets/key.pem:1"]
    toy.write("secrets/key.pem", toy.sealed(b"\xff\x00", "secrets/key.pem"))
    assert toy.staged() == []


def test_a_structured_file_that_is_not_utf_8_is_to_be_sealed_whole(toy: Toy) -> None:
    toy.write(APP, b"name: \xff\n")
    toy.commit()
    assert toy.found() == [f"plain-file {APP}:1"]


def test_a_structured_file_that_became_one_token_is_named_without_keys(toy: Toy) -> None:
    toy.write(APP, toy.sealed("db: {password: [half\n"))
    assert toy.staged() == [f"one-token {APP}:1"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("answer.json", "42\n"),
        ("text.json", '"x"'),
        ("hello.yaml", "hello\n"),
        ("vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n66386439\n6431\n"),
        ("block.yaml", "|\n  one\n  two\n"),
    ],
)
def test_a_root_scalar_is_a_value_like_others(toy: Toy, name: str, text: str) -> None:
    path = f"secrets/{name}"
    toy.write(path, toy.sealed(text, path))
    assert toy.staged() == []
    toy.commit()
    assert toy.found() == []


def test_a_root_scalar_in_plaintext(toy: Toy) -> None:
    toy.write("secrets/answer.json", "42\n")
    assert toy.staged() == ["plain-value secrets/answer.json:1 ."]


def test_a_rule_that_says_whole_makes_a_structured_file_whole(toy: Toy) -> None:
    toy.policy(f"- {{files: '{APP}', format: whole}}")
    toy.write(APP, toy.sealed(TEXT))
    toy.stage()
    assert toy.found() == []


def test_a_file_that_does_not_parse_is_named_with_the_parser_s_line(toy: Toy) -> None:
    toy.write("secrets/b.json", '{\n  "a": 1,\n  "b" 2\n}\n')
    assert toy.staged() == ["broken-file secrets/b.json:3"]


def test_conflict_markers_with_plaintext_between_them(toy: Toy) -> None:
    token = toy.token("password")
    toy.edit(
        f'  password: "{token}"\n',
        f'<<<<<<< ours\n  password: open\n=======\n  password: "{token}"\n>>>>>>> theirs\n',
    )
    toy.commit()
    assert toy.found() == [f"conflict-markers {APP}:4", f"plain-value {APP}:5 db.password"]


def test_conflict_markers_in_an_env_file_which_always_parses(toy: Toy) -> None:
    text = toy.sealed("A=one\nB=two\n", "x.env").decode()
    a, b = text.split("\n")[:2]
    toy.write("x.env", f"<<<<<<< ours\n{a}\n=======\n{b}\n>>>>>>> theirs\n")
    toy.stage()
    assert "conflict-markers" in toy.codes()


def test_a_repeated_key_that_is_sealed_once_and_in_plaintext_once(toy: Toy) -> None:
    toy.edit("name: shop", f'name: "{toy.token("user")}"\nname: evil')
    toy.stage()
    assert f"duplicate-key {APP}:2 name" in toy.found()


def test_list_items_and_documents_share_their_key_paths(toy: Toy) -> None:
    rules = "- {files: 'secrets/*', values: [name, 'list[].open'], plain: true}"
    toy.policy(rules)
    text = "list:\n- {open: a, closed: b}\n- {open: c, closed: d}\n---\nlist:\n- closed: e\n"
    toy.write("secrets/b.yaml", toy.sealed(text, "secrets/b.yaml"))
    toy.stage()
    assert toy.found() == []


def test_a_commented_out_entry_whose_key_is_sealed(toy: Toy) -> None:
    toy.write(APP, toy.read() + "# password: hunter2-old\n# see the handbook: page 4\n")
    assert toy.staged() == [f"plain-comment {APP}:5 password"]


def test_a_commented_out_assignment_in_an_env_file(toy: Toy) -> None:
    toy.write("x.env", "#OLD=hunter2\n# a remark\n")
    assert toy.staged() == ["plain-comment x.env:1 OLD"]


@pytest.mark.parametrize(
    "comment", ['// "password": "hunter2-old"', '/* "password": "hunter2-old" */']
)
def test_a_commented_out_entry_of_a_json_file(toy: Toy, comment: str) -> None:
    """Without any ``#`` in the file."""
    path = "secrets/b.json"
    text = toy.sealed('{\n  "password": "hunter2-alpha"\n}\n', path).decode()
    assert "#" not in text
    toy.write(path, text.replace("{\n", f"{{\n  {comment}\n"))
    assert toy.staged() == [f"plain-comment {path}:2 password"]


def test_comments_as_the_filter_leaves_them_are_nothing(toy: Toy) -> None:
    text = TEXT + "# password: hunter2-old\n# ask the team: always\n"
    toy.write(APP, toy.sealed(text, before=toy.read()))
    toy.write("x.env", toy.sealed("A=1\n#OLD=2\n# a remark: yes\n", "x.env"))
    assert toy.staged() == []
    toy.commit()
    assert toy.found(history=True) == []


def test_a_token_of_another_group_than_the_rules_say(toy: Toy) -> None:
    toy.policy(
        "- {files: 'secrets/*', values: name, plain: true}\n- {files: '*', group: production}"
    )
    toy.commit()
    assert toy.found() == [f"other-group {APP}:3 db.user", f"other-group {APP}:4 db.password"]
    assert "reseal" in toy.findings()[0].fix


def test_a_rule_that_just_changed_needs_a_review(toy: Toy) -> None:
    toy.policy("- {files: '*', group: production}")
    toy.stage()
    fixes = {one.fix for one in toy.findings(staged=True) if one.code == "other-group"}
    assert fixes == {"git log -p -- .sealedfiles/policy.yaml"}


def test_a_whole_file_sealed_to_another_group(toy: Toy) -> None:
    toy.write("secrets/key.pem", toy.sealed(b"\xff", "secrets/key.pem"))
    toy.policy(
        "- {files: 'secrets/*.pem', group: production}\n- {files: '*', values: name, plain: true}"
    )
    toy.commit()
    assert toy.found() == ["other-group secrets/key.pem:1"]


def test_a_sealed_value_that_the_rules_leave_plain(toy: Toy) -> None:
    toy.policy("- {files: '**', plain: true}")
    toy.commit()
    assert toy.found() == [f"plain-rule {APP}:3 db.user", f"plain-rule {APP}:4 db.password"]


def test_a_token_of_a_group_without_keys(toy: Toy) -> None:
    toy.edit(toy.token("user"), toy.token("user").replace(":default:", ":nobody:"))
    assert toy.staged() == [f"unknown-group {APP}:3 db.user"]


def test_tokens_under_a_key_that_the_group_never_had_are_one_finding(toy: Toy) -> None:
    toy.write(APP, toy.sealed(TEXT, default=9))
    toy.stage()
    assert toy.found() == [f"unknown-key {APP}:3 db.user"]
    assert "2 tokens" in toy.findings()[0].what


def test_tokens_of_a_key_that_was_rotated_since_are_a_warning(toy: Toy) -> None:
    toy.group("default", NUMBERS["default"], 5)
    toy.commit()
    assert toy.found() == [f"old-key {APP}:3 db.user"]
    assert not toy.findings()[0].is_error
    toy.write(APP, toy.sealed(TEXT, default=5))
    assert toy.staged() == []


def test_tokens_of_a_key_that_was_retired_are_an_error(toy: Toy) -> None:
    toy.group("default", NUMBERS["default"], 5)
    toy.edit(" rotated ", " revoked ", ".sealedfiles/keys/default/epochs")
    toy.commit()
    assert toy.found() == [f"retired-key {APP}:3 db.user"]
    assert toy.findings()[0].is_error


def test_a_token_of_a_later_version(toy: Toy) -> None:
    toy.edit(toy.token("user"), toy.token("user").replace("v1", "v3", 1))
    assert toy.staged() == [f"unknown-token {APP}:3 db.user"]
    toy.edit("sealed:v3:", "sealed:v2:")
    assert toy.staged() == [f"unauthenticated {APP}:3 db.user"]


def test_a_token_of_another_file(toy: Toy) -> None:
    other = toy.sealed(TEXT, "secrets/b.yaml").decode().split('"')[1]
    toy.edit(toy.token("user"), other)
    assert toy.staged() == [f"mixed-ids {APP}:3 db.user"]


def test_of_mixed_ids_that_of_the_version_before_is_right(toy: Toy) -> None:
    """After a rename, no token has the id of the file's path."""
    toy.git("mv", APP, "secrets/renamed.yaml")
    toy.commit()
    assert toy.found() == []
    more = toy.sealed("x: 1\ny: 2\nz: 3\n", "secrets/b.yaml").decode()
    toy.write("secrets/renamed.yaml", toy.read("secrets/renamed.yaml") + more)
    named = [one for one in toy.staged() if one.startswith("mixed-ids")]
    assert [one.rpartition(" ")[2] for one in named] == ["x", "y", "z"]


@pytest.mark.parametrize(
    "line",
    [
        "'see {}': x",
        "{}: x",
        "x: see {}",
        "x: [{{{}: 1}}]",
        "# see {}",
        "#{}",
        "# {} ",
        "x: |\n  {}\n  b",
    ],
)
def test_a_token_where_nothing_opens_it(toy: Toy, line: str) -> None:
    toy.write(APP, toy.read() + line.format(toy.token("user")) + "\n")
    assert any(one.startswith("misplaced") for one in toy.staged())


@pytest.mark.parametrize("line", ["x: {}", 'x: "{}"', "x: !!str {}", "# {}", "x: [{}]"])
def test_a_token_that_is_in_two_places(toy: Toy, line: str) -> None:
    toy.write(APP, toy.read() + line.format(toy.token("user")) + "\n")
    assert [one.split(":")[0] for one in toy.staged()] == [f"twice {APP}"]


def test_a_value_that_was_commented_out_as_it_is(toy: Toy) -> None:
    """Somebody who cannot read it did that: without the comment sign it can be decrypted again."""
    toy.edit("  password:", "  # password:")
    toy.write("x.env", toy.sealed("A=1\nB=2\n", "x.env").replace(b"B=", b"#B="))
    assert toy.staged() == []
    toy.commit()
    assert toy.found() == []


def test_the_same_token_twice_in_one_list_is_nothing(toy: Toy) -> None:
    """Two branches that add the same item create the same token, and both can be decrypted."""
    text = toy.sealed("list:\n- a\n- b\n", "secrets/b.yaml").decode()
    first = text.split("\n")[1]
    toy.write("secrets/b.yaml", text + first + "\n")
    assert toy.staged() == []


def test_a_token_that_is_written_with_an_escape_is_one_token(toy: Toy) -> None:
    """The part before the escape also looks like a token."""
    path = "secrets/b.json"
    long = "hunter2-alpha " * 3  # the token has more letters than the shortest one
    text = toy.sealed(f'{{{{"a": "one", "b": "{long}"}}}}\n', path).decode()
    start, last, end = text[:-4], text[-4], text[-3:]
    toy.write(path, f"// see sealed:v1: in the handbook\n{start}\\u{ord(last):04x}{end}")
    assert toy.staged() == []


@pytest.mark.parametrize("line", ["x\u2028y: {}", "{}: x\u2029evil", "{}: |\n  a\x85b: evil\n"])
def test_a_line_end_of_yaml_1_1_is_found_outside_of_quotes(toy: Toy, line: str) -> None:
    toy.policy("- {files: '**', values: 'note*', plain: true}")
    toy.write(APP, toy.read(APP) + line.format("note") + "\n")
    (found,) = [one for one in toy.staged() if one.startswith("line-end")]
    assert found.startswith(f"line-end {APP}:")


def test_but_not_in_quotes(toy: Toy) -> None:
    toy.policy("- {files: '**', values: 'n*', plain: true}")
    toy.write(APP, toy.read(APP) + "note: 'a\u2028b'\n")
    assert toy.staged() == []

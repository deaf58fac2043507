"""Changes relative to the parents: values unsealed, tokens moved, files renamed."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from check.toy import APP, TEXT, Toy

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = "- {files: '**', plain: true}"


def test_a_value_sealed_in_the_parent_and_open_here_whatever_the_policy_says(toy: Toy) -> None:
    toy.policy(PLAIN)
    toy.write(APP, TEXT)
    expected = [f"sealed-before {APP}:3 db.user", f"sealed-before {APP}:4 db.password"]
    assert toy.staged() == expected
    fix = f"sealedfiles track {APP} --values db.user --group default"
    assert toy.findings(staged=True)[0].fix == fix
    toy.commit()
    assert toy.found("HEAD^!") == expected
    assert toy.findings("HEAD^!")[0].fix == fix
    assert toy.found() == [], "from here on the policy is all there is to go by"


def test_what_the_rules_seal_too_is_said_once(toy: Toy) -> None:
    toy.write(APP, toy.read().replace(toy.token("user"), "open"))
    assert toy.staged() == [f"sealed-before {APP}:3 db.user"]
    assert toy.findings(staged=True)[0].fix == f"sealedfiles track {APP}"


def test_no_key_ends_the_quotes_around_it_in_the_fix(toy: Toy) -> None:
    file = "config/a b;touch x;.yaml"
    toy.write(file, toy.sealed('"{file}": secret-1\n"$(id)": secret-2\n', file))
    toy.commit()
    toy.policy(PLAIN)
    toy.write(file, '"{file}": secret-1\n"$(id)": secret-2\n')
    toy.stage()
    found = [
        shlex.split(one.fix) for one in toy.findings(staged=True) if one.code == "sealed-before"
    ]
    assert found == [
        ["sealedfiles", "seal", file],
        ["sealedfiles", "track", file, "--values", "$(id)", "--group", "default"],
    ]


def test_an_open_value_beside_a_sealed_one_of_the_same_path(toy: Toy) -> None:
    toy.policy("- {files: '**', plain: true}")
    toy.edit("  user:", "  user: open\n  user:")
    toy.stage()
    assert f"sealed-before {APP}:3 db.user" in toy.found(staged=True)


def test_a_value_that_was_open_before_is_not_named_again(toy: Toy) -> None:
    toy.policy("- {files: '**', values: 'list[]', plain: true}")
    text = toy.read() + "list:\n- open\n- " + toy.token("user") + "\n"
    toy.write(APP, text)
    toy.commit()
    toy.write(APP, text.replace("name: shop", "name: other"))
    assert not any(one.startswith("sealed-before") for one in toy.staged())


def test_a_file_that_was_sealed_whole_and_is_open(toy: Toy) -> None:
    toy.write("secrets/key.pem", toy.sealed(b"\xff", "secrets/key.pem"))
    toy.commit()
    toy.policy(PLAIN)
    toy.write("secrets/key.pem", b"\xff")
    assert "sealed-before secrets/key.pem:1" in toy.staged()


def test_a_structured_file_that_cannot_be_read_as_one_any_more(toy: Toy) -> None:
    toy.policy(PLAIN)
    toy.write(APP, TEXT.encode("utf-16"))
    assert toy.staged() == [f"sealed-before {APP}:1"]


def test_a_rule_that_names_another_format_hides_nothing(toy: Toy) -> None:
    toy.policy(f"- {{files: '{APP}', format: dotenv, plain: true}}")
    toy.write(APP, TEXT)
    assert toy.staged() == [f"sealed-before {APP}:3 db.user", f"sealed-before {APP}:4 db.password"]


def test_a_removed_value_is_no_finding(toy: Toy) -> None:
    toy.edit(f'  user: "{toy.token("user")}"\n', "")
    assert toy.staged() == []


def test_a_new_value_of_a_key_that_was_never_there(toy: Toy) -> None:
    toy.policy(PLAIN)
    toy.write("secrets/b.yaml", TEXT)
    assert not any("b.yaml" in one for one in toy.staged())


# -- files that `sealedfiles seal` sealed: no attribute and no rule covers them

LOOSE = "deploy/app.yaml"
LOOSE_TEXT = "name: shop\npin: hunt3r\n"


@pytest.fixture
def loose(toy: Toy) -> Toy:
    toy.policy("- {files: '**', values: name, plain: true}")
    toy.write(LOOSE, toy.sealed(LOOSE_TEXT, LOOSE))
    toy.write("deploy/key.pem", toy.sealed(b"short", "deploy/key.pem"))
    toy.commit()
    return toy


def test_a_file_that_nothing_covers_is_in_plaintext_again(loose: Toy) -> None:
    loose.write(LOOSE, LOOSE_TEXT)
    loose.write("deploy/key.pem", b"short")
    expected = [f"sealed-before {LOOSE}:2 pin", "sealed-before deploy/key.pem:1"]
    assert loose.staged() == expected
    assert loose.findings(staged=True)[0].fix == f"sealedfiles seal {LOOSE}"
    assert loose.found() == expected
    loose.commit()
    assert loose.found("HEAD^!") == expected


def test_an_attribute_that_turns_the_filter_off_hides_nothing(loose: Toy) -> None:
    loose.write("deploy/.gitattributes", "*.yaml -filter\n")
    loose.commit()
    loose.write(LOOSE, LOOSE_TEXT)
    assert loose.staged() == [f"sealed-before {LOOSE}:2 pin"]
    assert f"sealed-before {LOOSE}:2 pin" in loose.found()


def test_a_renamed_file_that_nothing_covers(loose: Toy) -> None:
    sealed = loose.read(LOOSE)
    loose.remove(LOOSE)
    loose.write("other/app.yaml", LOOSE_TEXT)
    parent = f"HEAD:{LOOSE}"
    assert loose.staged() == ["sealed-before other/app.yaml:2 pin"]
    assert parent in loose.findings(staged=True)[0].what
    loose.write("other/app.yaml", sealed)
    assert loose.staged() == [], "it was not covered, so it is not uncovered now"


def test_a_sealed_file_that_nothing_covers_may_change(loose: Toy) -> None:
    text = LOOSE_TEXT.replace("hunt3r", "hunt4r")
    loose.write(LOOSE, loose.sealed(text, LOOSE, before=loose.read(LOOSE)))
    assert loose.staged() == []
    loose.remove(LOOSE)
    assert loose.staged() == []


def test_a_token_of_keys_that_are_not_of_this_repository(loose: Toy) -> None:
    loose.write("docs/example.yaml", loose.sealed(LOOSE_TEXT, "docs/example.yaml", default=5))
    loose.commit()
    loose.write("docs/example.yaml", LOOSE_TEXT)
    assert loose.staged() == []


# -- tokens that changed places


def test_a_token_at_another_key_than_before(toy: Toy) -> None:
    toy.edit("  password:", "  pass:")
    assert toy.staged() == [f"moved {APP}:4 db.pass"]


def test_two_tokens_exchanged(toy: Toy) -> None:
    user, password = toy.token("user"), toy.token("password")
    text = toy.read().replace(user, "@").replace(password, user).replace("@", password)
    toy.write(APP, text)
    assert toy.staged() == [f"moved {APP}:3 db.user", f"moved {APP}:4 db.password"]


def test_a_value_resealed_at_its_new_key_is_nothing(toy: Toy) -> None:
    toy.write(APP, toy.sealed(TEXT.replace("password", "pass"), before=toy.read()))
    assert toy.staged() == []


LIST = """\
users:
- name: alice
  password: hunter2-alpha
- name: bob
  password: hunter2-beta
- name: carol
  password: hunter2-gamma
"""


@pytest.fixture
def listed(toy: Toy) -> Toy:
    toy.policy("- {files: 'secrets/*', values: ['users[].name', kind], plain: true}")
    toy.write(APP, toy.sealed(LIST))
    toy.commit()
    return toy


def test_passwords_exchanged_between_two_items_of_a_list(listed: Toy) -> None:
    lines = listed.read().split("\n")
    lines[2], lines[4] = lines[4], lines[2]
    listed.write(APP, "\n".join(lines))
    assert listed.staged() == [f"swapped {APP}:{n} users[].password" for n in (3, 5)]
    assert not listed.findings(staged=True)[0].is_error


def test_passwords_exchanged_between_two_documents(listed: Toy) -> None:
    text = LIST.replace("users:\n", "").replace("- ", "---\nkind: Secret\n").replace("  ", "")
    listed.policy("- {files: 'secrets/*', values: [name, kind], plain: true}")
    listed.write(APP, listed.sealed(text))
    listed.commit()
    lines = listed.read().split("\n")
    lines[3], lines[7] = lines[7], lines[3]
    listed.write(APP, "\n".join(lines))
    assert listed.staged() == [f"swapped {APP}:{n} password" for n in (4, 8)]


@pytest.mark.parametrize(
    "change",
    [
        lambda items: items[::-1],
        lambda items: items[1:],
        lambda items: [items[2], items[0]],
        lambda items: ["- name: dora\n  password: hunter2-delta\n", *items],
        lambda items: [items[0].replace("alice", "alicia"), *items[1:]],
        lambda items: [items[0].replace("hunter2-alpha", "hunter2-new"), *items[1:]],
    ],
)
def test_ordinary_changes_of_a_list_are_nothing(
    listed: Toy, change: Callable[[list[str]], list[str]]
) -> None:
    items = [f"- {one}" for one in LIST.removeprefix("users:\n").split("- ")[1:]]
    new = "users:\n" + "".join(change(items))
    listed.write(APP, listed.sealed(new, before=listed.read()))
    assert listed.staged() == []


def test_a_list_of_bare_values_in_another_order_is_nothing(toy: Toy) -> None:
    toy.write(APP, toy.sealed("list:\n- a\n- b\n- c\n"))
    toy.commit()
    toy.write(APP, toy.sealed("list:\n- c\n- a\n- b\n", before=toy.read()))
    assert toy.staged() == []


# -- other names


def test_a_file_renamed_within_the_pattern_is_nothing(toy: Toy) -> None:
    toy.git("mv", APP, "secrets/moved.yaml")
    assert toy.staged() == []
    toy.commit()
    assert toy.found() == []
    assert toy.found(history=True) == []


def test_a_token_moved_in_a_file_that_was_renamed_as_well(toy: Toy) -> None:
    toy.git("mv", APP, "secrets/moved.yaml")
    toy.edit("  password:", "  pass:", "secrets/moved.yaml")
    assert toy.staged() == ["moved secrets/moved.yaml:4 db.pass"]


def test_a_file_renamed_out_of_the_pattern_with_its_tokens(toy: Toy) -> None:
    toy.git("mv", APP, "public.yaml")
    assert toy.staged() == ["uncovered public.yaml:1"]
    assert f"HEAD:{APP}" in toy.findings(staged=True)[0].what


@pytest.mark.parametrize("name", ["public.yaml", "app.yaml", "notes.txt", "app.yml"])
def test_a_file_renamed_out_of_the_pattern_that_is_now_in_plaintext(toy: Toy, name: str) -> None:
    toy.remove(APP)
    toy.write(name, TEXT)
    assert toy.staged() == [
        f"sealed-before {name}:3 db.user",
        f"sealed-before {name}:4 db.password",
    ]
    assert toy.findings(staged=True)[0].fix == f"sealedfiles track {name}"


def test_a_file_sealed_whole_that_is_in_plaintext_in_another_folder(toy: Toy) -> None:
    toy.write("secrets/key.pem", toy.sealed(b"\xff", "secrets/key.pem"))
    toy.commit()
    toy.remove("secrets/key.pem")
    toy.write("key.pem", b"\xff")
    assert toy.staged() == ["sealed-before key.pem:1"]


def test_a_removed_file_and_a_new_file_are_unrelated(
    toy: Toy,
) -> None:
    toy.remove(APP)
    toy.write("mkdocs.yml", "site: x\nuser: y\nnav:\n- a: b\n")
    assert toy.staged() == []


def test_a_copy_of_a_sealed_file(toy: Toy) -> None:
    toy.write("secrets/copy.yaml", toy.read())
    assert toy.staged() == ["same-id secrets/copy.yaml:1"]
    toy.commit()
    assert toy.found() == ["same-id secrets/copy.yaml:1"]
    assert toy.found("HEAD^!") == ["same-id secrets/copy.yaml:1"]


def test_a_new_file_in_the_place_of_a_renamed_one(toy: Toy) -> None:
    toy.git("mv", APP, "secrets/old.yaml")
    toy.commit()
    toy.write(APP, toy.sealed("other: value\n"))
    toy.commit()
    assert toy.found() == ["same-id secrets/old.yaml:1"]


def test_a_symbolic_link_in_the_place_of_a_sealed_file(toy: Toy) -> None:
    toy.remove(APP)
    (toy.path / APP).symlink_to("/etc/passwd")
    assert toy.staged() == [f"symlink {APP}"]


# -- merges


def merge(toy: Toy, ours: str, theirs: str, result: str) -> None:
    """Leave *result* as the uncommitted merge of two branches that changed APP as given."""
    toy.git("checkout", "-q", "-b", "other")
    toy.write(APP, theirs)
    toy.commit()
    toy.git("checkout", "-q", "main")
    toy.write(APP, ours)
    toy.commit()
    toy.git("merge", "-q", "--no-commit", "--strategy=ours", "other")
    toy.write(APP, result)
    toy.stage()


def test_what_any_parent_of_a_merge_has_sealed_is_not_to_be_open(toy: Toy) -> None:
    sealed = toy.read()
    toy.policy(PLAIN)
    toy.write(APP, TEXT)
    toy.commit()
    merge(toy, TEXT + "x: 1\n", sealed, TEXT + "x: 1\n")
    named = [one for one in toy.findings(staged=True) if one.code == "sealed-before"]
    assert [one.shown_key for one in named] == ["db.user", "db.password"]
    assert all("MERGE_HEAD" in one.what for one in named)
    commit = toy.commit()
    assert [one.code for one in toy.findings(f"{commit}^!")].count("sealed-before") == 2


def test_a_merge_before_git_has_written_down_what_it_merges(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This is the state while pre-merge-commit runs."""
    sealed = toy.read()
    toy.policy(PLAIN)
    toy.write(APP, TEXT)
    toy.commit()
    merge(toy, TEXT, sealed, TEXT)
    (toy.path / ".git/MERGE_HEAD").unlink()
    assert toy.staged() == []
    monkeypatch.setenv(f"GITHEAD_{toy.git('rev-parse', 'other').strip()}", "other")
    assert f"sealed-before {APP}:3 db.user" in toy.staged()


def test_a_merge_that_takes_each_side_s_change_is_nothing(toy: Toy) -> None:
    first = toy.read()
    ours = toy.sealed(TEXT.replace("alpha", "ours"), before=first).decode()
    theirs = toy.sealed(TEXT.replace("admin", "theirs"), before=first).decode()
    both = toy.sealed(TEXT.replace("alpha", "ours").replace("admin", "theirs"), before=ours)
    merge(toy, ours, theirs, both.decode())
    assert toy.staged() == []
    toy.commit()
    assert toy.found(history=True) == []


def test_a_merge_in_progress_is_said_to_be_left_out(toy: Toy) -> None:
    toy.git("checkout", "-q", "-b", "other")
    toy.edit("name: shop", "name: theirs")
    toy.commit()
    toy.git("checkout", "-q", "main")
    toy.edit("name: shop", "name: ours")
    toy.commit()
    with pytest.raises(AssertionError):
        toy.git("merge", "-q", "other")
    report = toy.report()
    assert report.findings == []
    assert ["1 file" in note.message for note in report.notes] == [True]

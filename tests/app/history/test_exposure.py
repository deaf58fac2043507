"""The values that a reader could have read, and which of them are unchanged."""

from __future__ import annotations

import pytest
from check.toy import APP, RULES, TEXT

from history.story import NOW, Story, rows, shown
from sealedfiles.app.history.exposure import exposure
from sealedfiles.model.paths import key_step

USER, PASSWORD = f"{APP}: db.user", f"{APP}: db.password"
BOTH = [f"must-change {USER}", f"must-change {PASSWORD}"]


def found(story: Story, *closed: str, name: str = "bob") -> list[str]:
    clone = story.clone(*closed)
    try:
        return shown(exposure(name, clone, NOW))
    finally:
        clone.objects.close()


def changed_by(story: Story, kind: str, place: str) -> str | None:
    """Return the commit of a row; empty if it is only staged."""
    for one, where, commit in rows(exposure("bob", story.clone(), NOW)):
        if (one, where) == (kind, place):
            return commit.oid if commit else None
    raise AssertionError(found(story))


def test_all_that_a_reader_reads_must_change_when_they_leave(story: Story) -> None:
    assert found(story) == BOTH


def test_a_new_key_changes_no_value(story: Story) -> None:
    before = story.read()
    story.leave("bob", "default", 1, 3)
    story.save(TEXT, default=3)
    assert story.read() != before
    assert found(story) == BOTH


def test_other_quotes_change_no_value(story: Story) -> None:
    story.leave("bob", "default", 1, 3)
    story.save(TEXT.replace("hunter2-alpha", "'hunter2-alpha'"), default=3)
    assert found(story) == BOTH


def test_a_new_value_is_changed_since_its_commit(story: Story) -> None:
    story.leave("bob", "default", 1, 3)
    commit = story.save(TEXT.replace("alpha", "beta"), default=3)
    story.save(TEXT.replace("alpha", "beta").replace("shop", "shops"), default=3)
    assert found(story) == [f"must-change {USER}", f"changed {PASSWORD}"]
    assert changed_by(story, "changed", PASSWORD) == commit


def test_a_value_that_goes_back_to_what_it_was_must_change(story: Story) -> None:
    story.leave("bob", "default", 1, 3)
    story.save(TEXT.replace("alpha", "beta"), default=3)
    story.save(TEXT, default=3)
    assert found(story) == BOTH


def test_a_new_value_under_a_key_that_they_have_must_change(story: Story) -> None:
    story.leave("bob", "default", 1)
    story.save(TEXT.replace("alpha", "beta"))
    assert found(story) == BOTH


def test_values_of_other_groups_and_those_made_later_were_never_readable(story: Story) -> None:
    story.start_anew()
    story.policy(f"{RULES}\n- {{files: '**', values: pin, group: production}}")
    story.leave("bob", "production", 2)
    story.save("pin: 12345678\n", "a.env.yaml")
    story.save(f"{TEXT}pin: 87654321\n")
    story.leave("bob", "default", 1, 3)
    story.save(f"{TEXT}pin: 87654321\nlater: new-value\n", default=3)
    assert found(story) == [
        "never a.env.yaml: pin",
        *BOTH,
        f"never {APP}: pin",
        f"never {APP}: later",
    ]


def test_what_was_committed_in_plaintext_was_readable(story: Story) -> None:
    story.start_anew()
    story.leave("bob", "production", 2)
    story.write("new.yaml", "a: in-the-clear\nb: changed-since\nc: short\n")
    story.commit()
    story.policy("- {files: '**', group: production}")
    story.save("a: in-the-clear\nb: another\n", "new.yaml")
    assert found(story)[:2] == ["must-change new.yaml: a", "changed new.yaml: b"]
    (row,) = (r for r in exposure("bob", story.clone(), NOW).rows if r.was_plaintext)
    assert row.path == key_step("a")


def test_values_that_the_rules_leave_plain_are_not_named(story: Story) -> None:
    assert not [line for line in found(story) if "name" in line]


def test_whoever_is_added_can_read_what_was_sealed_before(story: Story) -> None:
    story.leave("bob", "default", 1)
    commit = story.save(TEXT.replace("alpha", "beta"))
    story.group("default", 1, 3)
    story.commit()
    assert found(story) == BOTH
    assert changed_by(story, "must-change", PASSWORD) == commit


def test_a_value_that_was_removed_is_named_with_the_commit(story: Story) -> None:
    story.leave("bob", "default", 1, 3)
    commit = story.save("name: shop\ndb:\n  user: administrator\n", default=3)
    story.save("name: shop\ndb:\n  user: administrators\n", default=3)
    assert found(story) == [f"changed {USER}", f"removed {PASSWORD}"]
    assert changed_by(story, "removed", PASSWORD) == commit


def test_a_file_that_was_removed_is_named_with_the_commit(story: Story) -> None:
    story.remove(APP)
    commit = story.commit()
    assert found(story) == [f"removed {USER}", f"removed {PASSWORD}"]
    assert changed_by(story, "removed", PASSWORD) == commit


def test_a_renamed_file_is_followed(story: Story) -> None:
    story.leave("bob", "default", 1, 3)
    story.git("mv", APP, "secrets/new.yaml")
    story.commit()
    story.save(TEXT.replace("alpha", "beta"), "secrets/new.yaml", default=3)
    assert found(story) == [
        "must-change secrets/new.yaml: db.user",
        "changed secrets/new.yaml: db.password",
    ]


def test_what_is_removed_after_a_rename_is_named_once(story: Story) -> None:
    story.git("mv", APP, "secrets/new.yaml")
    story.commit()
    story.save("db:\n  user: admin\n", "secrets/new.yaml")
    assert found(story) == [
        "must-change secrets/new.yaml: db.user",
        "removed secrets/new.yaml: db.password",
    ]


@pytest.mark.parametrize(("new", "kind"), [(b"\x00one", "must-change"), (b"\x00two", "changed")])
def test_files_as_a_whole_are_compared_too(story: Story, new: bytes, kind: str) -> None:
    story.save(b"\x00one", "secrets/store.bin")
    story.leave("bob", "default", 1, 3)
    story.remove("secrets/store.bin")
    story.save(new, "secrets/store.bin", default=3)
    assert f"{kind} secrets/store.bin: the whole file" in found(story)


def test_a_file_in_two_layers_takes_the_keys_of_both(story: Story) -> None:
    story.start_anew()
    story.policy("- {files: '*.bin', values: 'a.**', group: production}")
    story.leave("bob", "production", 2)
    story.save(b"\x00one", "two.bin")
    assert "never two.bin: the whole file" in found(story)


def test_the_same_value_under_another_key_or_group_must_change(story: Story) -> None:
    story.leave("bob", "default", 1, 3)
    story.save("database:\n  user: admin\n  passwd: hunter2-alpha\n", default=3)
    report = exposure("bob", story.clone(), NOW)
    assert shown(report) == [
        # `admin` may be the same by chance.
        f"never {APP}: database.user",
        f"must-change {APP}: database.passwd",
        f"removed {USER}",
        f"removed {PASSWORD}",
    ]
    row = next(row for row in report.rows if row.kind == "must-change")
    assert row.known_at is not None
    assert row.known_at[0] == APP.encode()


def test_a_value_that_is_in_plaintext_now_must_change_while_it_is_the_same(story: Story) -> None:
    story.write(APP, TEXT.replace("admin", "root"))
    story.commit()
    assert found(story) == [f"changed {USER}", f"must-change {PASSWORD}"]


def test_a_comment_that_was_sealed_is_compared_too(story: Story) -> None:
    story.save(f"{TEXT}  # password: hunter2-old\n")
    assert f"must-change {APP}: in a comment" in found(story)
    story.leave("bob", "default", 1, 3)
    story.save(TEXT, default=3)
    assert found(story) == [*BOTH, f"removed {APP}: in a comment"]


def test_what_no_key_here_opens_cannot_be_compared(story: Story) -> None:
    assert found(story, "default") == BOTH, "by their tokens"
    story.leave("bob", "default", 1, 3)
    story.save(TEXT, default=3)
    assert found(story, "default") == [f"cannot-compare {USER}", f"cannot-compare {PASSWORD}"]


def test_what_came_from_a_group_that_no_key_here_opens_cannot_be_compared(story: Story) -> None:
    story.policy("- {files: '**', group: production}")
    story.leave("bob", "production", 2, 4)
    (story.path / APP).unlink()
    story.save("db:\n  user: admin\n", production=4)
    assert f"cannot-compare {USER}" in found(story, "default")
    assert f"must-change {USER}" in found(story)


def test_access_on_another_branch_counts(story: Story) -> None:
    story.git("checkout", "-q", "-b", "other")
    story.write(".sealedfiles/keys/default/carol.age", "anything")
    story.commit()
    story.git("checkout", "-q", "main")
    assert found(story, name="carol") == BOTH


def test_values_that_this_branch_never_had_are_named(story: Story) -> None:
    story.git("checkout", "-q", "-b", "other")
    story.save(f"{TEXT}more: only-on-a-branch\n")
    story.git("checkout", "-q", "main")
    assert found(story) == [*BOTH, f"elsewhere {APP}: more"]


def test_a_change_that_is_only_staged_counts(story: Story) -> None:
    story.leave("bob", "default", 1, 3)
    story.write(APP, story.sealed(TEXT.replace("alpha", "beta"), default=3))
    story.stage()
    assert found(story) == [f"must-change {USER}", f"changed {PASSWORD}"]
    assert changed_by(story, "changed", PASSWORD) == ""


def test_of_a_list_the_most_severe_is_named(story: Story) -> None:
    story.save("users: [one, two]\n")
    story.leave("bob", "default", 1, 3)
    story.save("users: [one, three]\n", default=3)
    assert f"must-change {APP}: users[]" in found(story)
    story.save("users: [four, three]\n", default=3)
    assert f"changed {APP}: users[]" in found(story)


def test_somebody_who_was_never_a_reader(story: Story) -> None:
    report = exposure("carol", story.clone(), NOW)
    assert (report.access, report.rows) == ([], [])


def test_the_period_of_access(story: Story) -> None:
    begin = story.git("rev-parse", "HEAD").strip()
    end = story.leave("bob", "default", 1, 3)
    default, production = exposure("bob", story.clone(), NOW).access
    assert default.begin
    assert default.end
    assert (default.group, default.begin.oid, default.end.oid) == ("default", begin, end)
    assert not default.is_reader
    assert (production.group, production.end, production.is_reader) == ("production", None, True)

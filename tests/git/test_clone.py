"""Which files a clone seals, and how it reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from check.toy import APP, Toy
from keys.kit import ALICE, Somebody

from sealedfiles.errors import PolicyError
from sealedfiles.git.cached_groups import branch_with_folder
from sealedfiles.git.clone import Clone
from sealedfiles.git.filter.clean_smudge import Filter
from sealedfiles.git.repository import find_repository

if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS = "- {files: '*.conf', format: yaml}"


def format_of(clone: Clone, path: bytes) -> str | None:
    file = clone.describe_for_smudge(path)
    return file.format.name if file.format else None


def test_lines_of_the_attributes_seal_files_that_no_pattern_tracks(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    here = new_clone()
    assert here.covers(APP.encode())
    assert not here.covers(b"a.txt")
    toy.write(".gitattributes", "*.txt filter=sealedfiles\n")
    assert here.covers(b"a.txt")
    toy.remove(".gitattributes")
    assert not here.covers(b"a.txt")
    assert here.covers(APP.encode()), "the file in the index counts"
    for name in (b".sealedfiles/policy.yaml", b".gitattributes", b"x/.gitignore"):
        toy.write(".gitattributes", "** filter=sealedfiles\n")
        assert not here.covers(name)


@pytest.mark.parametrize("where", ["working tree", "index"])
def test_attributes_behind_a_link_do_not_count(
    toy: Toy, new_clone: Callable[..., Clone], where: str
) -> None:
    """git does not follow the link either."""
    line = "*.txt filter=sealedfiles"
    toy.remove(".gitattributes")
    if where == "index":
        oid = toy.git("hash-object", "-w", "--stdin", stdin=line).strip()
        toy.git("update-index", "--cacheinfo", f"120000,{oid},.gitattributes")
    else:
        toy.write("other", f"{line}\n")
        (toy.path / ".gitattributes").symlink_to("other")
    assert not new_clone().covers(b"a.txt")


def test_a_rule_names_the_format_of_a_file_that_is_written(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    before = toy.git("rev-parse", "HEAD").strip()
    assert format_of(new_clone(), b"a.conf") is None
    toy.policy(FORMATS)
    after = toy.commit()
    here = new_clone()
    assert format_of(here, b"a.conf") == "yaml"
    assert format_of(here, APP.encode()) == "yaml"
    assert format_of(here, b"a.env") == "dotenv"
    # The commit that is checked out counts.
    here.treeish = before
    assert format_of(here, b"a.conf") is None
    toy.git("checkout", "--quiet", before)
    here.treeish = after
    assert format_of(here, b"a.conf") == "yaml"


@pytest.mark.parametrize("text", ["format: [", "version: 99\nformat: x\n"])
def test_a_policy_that_cannot_be_read_leaves_the_names(
    toy: Toy, new_clone: Callable[..., Clone], text: str
) -> None:
    toy.write(".sealedfiles/policy.yaml", text)
    assert format_of(new_clone(), APP.encode()) == "yaml"
    assert format_of(new_clone(), b"a.conf") is None


def test_a_changed_policy_is_read_again(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    here = new_clone()
    assert format_of(here, b"a.conf") is None
    toy.policy(FORMATS)
    assert format_of(here, b"a.conf") == "yaml"
    toy.stage()
    toy.remove(".sealedfiles/policy.yaml")
    assert format_of(here, b"a.conf") == "yaml", "from the index"


def test_a_policy_in_force_follows_the_index_if_only_that_has_one(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    toy.remove(".sealedfiles/policy.yaml")
    here = new_clone()
    assert here.policy_in_force.get().disputed is None
    text = "version: 1\nrules: [{files: '**', plain: true}]\n"
    oid = toy.git("hash-object", "-w", "--stdin", stdin=text).strip()
    toy.git("update-index", "--cacheinfo", f"100644,{oid},.sealedfiles/policy.yaml")
    assert here.policy_in_force.get().disputed is not None


def test_a_policy_that_broke_seals_no_new_value_and_reads_by_the_old_one(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    here = new_clone()
    here.policy_in_force.get()
    toy.write(".sealedfiles/policy.yaml", "rules: [")
    _, rules = here.describe(APP.encode())
    assert rules.group_of(b"key") == "default"
    with pytest.raises(PolicyError):
        rules.sealing_group(b"key")


def test_a_branch_with_the_folder_is_found_for_messages(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    toy.git("checkout", "--quiet", "--orphan", "pages")
    assert branch_with_folder(new_clone()) == "", "the clone knows no group"
    here = new_clone()
    here.state.write_policy(b"version: 1\n")
    assert branch_with_folder(here) == "main"
    toy.git("branch", "--quiet", "--delete", "--force", "main")
    assert branch_with_folder(here) == ""


def test_the_filter_reads_the_commit_that_git_writes_out(toy: Toy) -> None:
    before = toy.git("rev-parse", "HEAD").strip()
    toy.policy(FORMATS)
    after = toy.commit()
    sealed = toy.sealed("password: hunter2\n", "a.conf")
    toy.git("checkout", "--quiet", before)
    repository = find_repository(toy.path)
    assert repository is not None
    running = Filter(Clone(repository, Somebody(ALICE)))
    assert running.smudge(b"a.conf", sealed, after) == b"password: hunter2\n"
    assert running.smudge(b"a.conf", sealed, before) == sealed
    running.clone.objects.close()

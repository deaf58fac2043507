"""A multi-line entry that was commented out is sealed by `git add`, even after one of its lines was
edited."""

from __future__ import annotations

import pytest
from people import ENV, JSON, SECRET, YAML, Repo, assert_no_plaintext

pytestmark = pytest.mark.many_variants

ENTRIES = {
    ENV: (
        '#OLD_KEY="-----BEGIN PRIVATE KEY-----\n#s3cr3tONE\n#s3cr3tTWO\n#-----END PRIVATE KEY-----"\n'
    ),
    YAML: (
        "# old_key: |\n#   -----BEGIN PRIVATE KEY-----\n#   s3cr3tONE\n#   s3cr3tTWO\n"
        "#   -----END PRIVATE KEY-----\n"
    ),
    JSON: '// "old_key": [\n//   "s3cr3tONE",\n//   "s3cr3tTWO"\n// ]\n',
}

every_format = pytest.mark.parametrize("path", list(ENTRIES))


@pytest.fixture
def commented(repo: Repo, path: str) -> Repo:
    repo.write(path, repo.read(path) + ENTRIES[path])
    repo.git("add", "--all")
    assert SECRET not in repo.blob("", path).decode()
    repo.git("commit", "--quiet", "--message", "comment it out")
    return repo


@every_format
@pytest.mark.parametrize("old", ["ONE", "TWO"])
def test_an_edited_line_of_it_is_sealed(commented: Repo, path: str, old: str) -> None:
    before = commented.blob("HEAD", path).decode().split("\n")
    commented.edit(path, f"s3cr3t{old}", "s3cr3tEDITED")
    commented.git("add", "--all")
    after = commented.blob("", path).decode().split("\n")
    assert SECRET not in "\n".join(after)
    changed = [number for number, line in enumerate(before) if after[number] != line]
    assert len(changed) == 1
    assert len(before) == len(after)
    commented.git("commit", "--quiet", "--message", "edit a line")
    assert_no_plaintext(commented)


@every_format
def test_a_line_that_is_added_to_it_is_sealed(commented: Repo, path: str) -> None:
    text = commented.read(path)
    line = next(line for line in text.split("\n") if "ONE" in line)
    commented.write(path, text.replace(line, f"{line}\n{line.replace('ONE', 'MORE')}"))
    commented.git("add", "--all")
    assert SECRET not in commented.blob("", path).decode()


LIVE = {
    ENV: 'KEY="-----BEGIN PRIVATE KEY-----\ns3cr3tONE\n-----END PRIVATE KEY-----"\n',
    YAML: "key: |\n  -----BEGIN PRIVATE KEY-----\n  s3cr3tONE\n  -----END PRIVATE KEY-----\n",
}


@pytest.mark.parametrize("path", list(LIVE))
def test_a_value_that_is_commented_out_and_edited_in_one_go_is_sealed(
    repo: Repo, path: str
) -> None:
    text = repo.read(path)
    repo.write(path, text + LIVE[path])
    repo.commit("add a key")
    lines = LIVE[path].replace("ONE", "EDITED").splitlines(keepends=True)
    repo.write(path, text + "".join(f"# {line}" for line in lines))
    repo.git("add", "--all")
    assert SECRET not in repo.blob("", path).decode()

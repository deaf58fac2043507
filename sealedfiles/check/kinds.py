"""Every kind of finding: its code, which never changes, how grave it is, and what to do about it.

docs/check.md has the same table; a test sees that the two agree.
"""

from __future__ import annotations

from typing import NamedTuple

ERROR, WARNING = "error", "warning"


class Kind(NamedTuple):
    """One kind of finding."""

    code: str
    severity: str
    """ERROR: a secret is or may become readable to somebody who should not, or a value is lost."""
    what: str
    why: str
    mend: str
    fix: str = ""
    """The command that mends it; ``{file}`` stands for the file."""


_EDIT = "sealedfiles edit {file}"
_LOOK = "git log -p -- {file}"
_RESEAL = "sealedfiles reseal {file}"
_REBIND = "sealedfiles rebind {file}"
_SEAL = "sealedfiles status --fix"
_SYNC = "sealedfiles sync"

_ALREADY_KNOWN = (
    "What is in a commit is known to everybody who has a copy of the repository: change the value at its "
    "source as well."
)

_ALL = (
    # -- what should be sealed and lies open
    Kind(
        "plain-value",
        ERROR,
        "a value that the rules seal stands in the clear",
        "Everybody who has a copy of the repository can read it. It got in past the filter: from a clone "
        "that is not set up, by a program that runs no filters, or before the file was tracked.",
        f"`sealedfiles status --fix` seals it in the index; commit that. {_ALREADY_KNOWN} If it is no "
        "secret, say so: `sealedfiles track FILE --values KEY --plain`.",
        _SEAL,
    ),
    Kind(
        "plain-file",
        ERROR,
        "a file that is to be sealed as a whole lies in the clear",
        "Its format has no values to find (a certificate, a key store, any binary), so all of it is secret, "
        "and everybody who has a copy of the repository can read it.",
        f"`sealedfiles status --fix` seals it in the index; commit that. {_ALREADY_KNOWN}",
        _SEAL,
    ),
    Kind(
        "plain-comment",
        ERROR,
        "an entry that was commented out stands in the clear",
        "Its key is one that is sealed in this file, so the comment may hold the secret, or one that was.",
        f"Let the filter look at the file again, or take the comment out. {_ALREADY_KNOWN}",
        "git add --renormalize {file}",
    ),
    Kind(
        "duplicate-key",
        ERROR,
        "a key stands twice, once sealed and once in the clear",
        "Programs read one of the two, mostly the last; a reviewer sees the other one. So a value can be "
        "replaced while its token is still there to be seen.",
        "Take out the one that is wrong.",
        _EDIT,
    ),
    Kind(
        "sealed-before",
        ERROR,
        "a value that a parent commit has sealed stands in the clear",
        "Whatever the policy says now: somebody's rule, attribute or rename has taken the seal from a "
        "secret. `track --plain` and `untrack` do it on purpose.",
        "Bring the seal back with `sealedfiles track`, or the file with `git checkout`. If it is meant, "
        "allow it in the policy for this file, with the reason.",
        "git checkout HEAD -- {file}",
    ),
    Kind(
        "earlier-plaintext",
        ERROR,
        "a value was committed in plaintext before its file was tracked",
        "The file is sealed now, and its history is not: everybody who has a copy of the repository can read "
        "the value in that commit. Only `check --all` looks for it.",
        "Change the value at its source, then here: `sealedfiles set FILE KEY`. When that is done, allow it "
        "in the policy for this file and key, with the reason.",
        "sealedfiles set {file} KEY",
    ),
    Kind(
        "copied-value",
        ERROR,
        "a file repeats a sealed value in plaintext",
        "A copy, a backup of an editor, a patch, or text that quotes the value. Its own file is sealed, but "
        "everybody who has a copy of the repository can read it here. Only the hooks look for it, with the "
        "keys that are available.",
        f"Take it out of the commit (`git restore --staged FILE`). {_ALREADY_KNOWN} If the text is no "
        "secret, allow it in the policy for this file, with the reason.",
        "git restore --staged -- {file}",
    ),
    Kind(
        "value-in-message",
        ERROR,
        "the message of a commit or tag repeats a sealed value in plaintext",
        "Messages are not sealed: everybody who has a copy of the repository can read them.",
        f"Change the message: `git commit --amend`, `git rebase -i`. {_ALREADY_KNOWN}",
        "git commit --amend",
    ),
    Kind(
        "plain-link",
        ERROR,
        "a symbolic link where files are sealed points to no file of the repository",
        "git calls no filter for links: the target is stored as it is, and can be any text, also a secret.",
        "Put the file itself in its place, or let the link point to a file of the repository. If it is "
        "meant, allow it in the policy for this file, with the reason.",
        _LOOK,
    ),
    Kind(
        "no-commit",
        ERROR,
        "a tag or branch is set to files without a commit",
        "Without a commit files have no path, so nothing tells whether they are to be sealed. Only the hooks "
        "before a push, and on a server, look for it.",
        "Tag the commit. If you have looked at the files: `git push --no-verify`.",
    ),
    Kind(
        "uncovered",
        ERROR,
        "a sealed file is no longer sent through the filter",
        "In a parent commit a line of .gitattributes did that. The next change of a value in it goes into "
        "git in the clear.",
        "Bring the line back: `sealedfiles track FILE`.",
        "sealedfiles track {file}",
    ),
    # -- files in a state that nothing can be said of
    Kind(
        "whole-file",
        ERROR,
        "a file whose format has values is sealed whole",
        "The values of a file that does not parse cannot be found: it is unfinished, or a template (Helm, "
        "Jinja). Nothing is readable, but other programs cannot read the file in git either. Only with "
        "the key of its group can this be told from a file that is one value.",
        "Fix the file and `git add` it. If it is a template, or all of it is one secret: `sealedfiles track "
        "FILE --format whole`.",
        _EDIT,
    ),
    Kind(
        "one-token",
        WARNING,
        "a file whose values were sealed one by one is one token now",
        "Either all of the file is one value now (an Ansible Vault file), or it does not parse and was "
        "sealed whole. Only a reader of its group can tell: `sealedfiles check --keyed`.",
        "Compare the versions. If the file does not parse, fix it and `git add` it.",
        "sealedfiles check --keyed {file}",
    ),
    Kind(
        "broken-file",
        ERROR,
        "a file that is to be sealed does not parse",
        "Its values cannot be found, so nobody can tell whether they are sealed.",
        "Fix the file and `git add` it: the filter seals it. A template: `sealedfiles track FILE --format "
        "whole`.",
        "git add --renormalize {file}",
    ),
    Kind(
        "conflict-markers",
        ERROR,
        "a file has conflict markers in it",
        "A merge was committed before it was finished. Tokens between the markers may not open any more.",
        "Take one side, or both, and `git add` the file.",
        _EDIT,
    ),
    # -- tokens that are not as the rules and keys say
    Kind(
        "other-group",
        ERROR,
        "a value is sealed to another group than the rules say",
        "The readers of that group can read it, and those of the right one cannot.",
        "`sealedfiles reseal FILE` seals it to the group of the rules. If the rules are wrong, see who "
        "changed them: `git log -p -- .sealedfiles/policy.yaml`.",
        _RESEAL,
    ),
    Kind(
        "plain-rule",
        ERROR,
        "a value is sealed, and the rules leave it plain",
        "One of the two is wrong. A rule that was loosened takes no seal away by itself, but values that "
        "are new below it go into git in the clear.",
        "See who changed the rules, and put them right. If the value is no secret: `sealedfiles track FILE "
        "--values KEY --plain`.",
        "git log -p -- .sealedfiles/policy.yaml",
    ),
    Kind(
        "old-key",
        WARNING,
        "values are sealed with a key that was rotated since",
        "They open, and whoever has the old key can read them. A merge with a branch from before the "
        "rotation brings such values.",
        "`sealedfiles reseal FILE` seals them with the current key.",
        _RESEAL,
    ),
    Kind(
        "retired-key",
        ERROR,
        "values are sealed with a key that was retired when a reader left",
        "Whoever left has that key, can read the values, and could have forged them.",
        "`sealedfiles sync` names each that was not there before; `sealedfiles reseal FILE` then seals "
        "them with the current key.",
        _SYNC,
    ),
    Kind(
        "unknown-key",
        ERROR,
        "values are sealed with a key that the group never had",
        "Nobody who reads the group can open them: the values are lost, or were never the group's.",
        "A branch that rotated and is not merged may have the key: `sealedfiles sync`. Else put the values "
        "back as they were before.",
        _SYNC,
    ),
    Kind(
        "unknown-group",
        ERROR,
        "values are sealed to a group that has no keys here",
        "Nobody can open them as long as the group's folder is not below .sealedfiles/keys.",
        "Bring the group's folder back, or put the values back as they were before.",
        _LOOK,
    ),
    Kind(
        "unknown-token",
        WARNING,
        "a token of a version that is not known here",
        "A newer sealedfiles may have made it. This one can say nothing of it.",
        "Check with a newer version.",
        "pip install --upgrade sealedfiles",
    ),
    Kind(
        "mixed-ids",
        ERROR,
        "a token was made for another file",
        "It was copied here as text. It does not open, so its value is lost here.",
        "`sealedfiles rebind FILE` makes tokens for this file, after asking.",
        _REBIND,
    ),
    Kind(
        "misplaced",
        ERROR,
        "a token stands where no value can",
        "As a key, in a longer text, or in a comment beside other words it is not opened.",
        "Put the value itself in its place, or the line as it was before.",
        _LOOK,
    ),
    Kind(
        "twice",
        ERROR,
        "the same token stands in two places",
        "A token is made for one key. It was copied to the other as text, and does not open there.",
        "`sealedfiles rebind FILE` makes a token for the new place, after asking.",
        _REBIND,
    ),
    Kind(
        "moved",
        ERROR,
        "a token stands at another key than in the parent commit",
        "The key was renamed, or the line moved, as text. The token does not open there, so the value is "
        "lost until it is bound to its new key.",
        "`sealedfiles rebind FILE` does that, after asking.",
        _REBIND,
    ),
    Kind(
        "swapped",
        WARNING,
        "tokens have changed places with one another",
        "Items of a list, and documents of one file, have the same key path, so their tokens open in each "
        "other's place: one entry's password is now another's.",
        "See whether that was meant.",
        _LOOK,
    ),
    Kind(
        "damaged",
        ERROR,
        "a token does not open with the key that it names",
        "It was altered, or forged by somebody who has no key. (Found with --keyed.)",
        "Put the line back as it was before.",
        _LOOK,
    ),
    Kind(
        "too-old",
        WARNING,
        "a value is older than the max_age of its rule",
        "Nobody has set a new one for longer than the policy allows. Whoever has read it in that time, in "
        "whatever way, can still use it. Without `--keyed` tokens are compared, so a value that was only "
        "sealed anew with another key looks new.",
        "Set a new value at its source, then here: `sealedfiles set FILE KEY`.",
        _EDIT,
    ),
    # -- files, rules and attributes
    Kind(
        "no-attribute",
        WARNING,
        "a file has sealed values, or a rule, and no line of .gitattributes sends it through the filter",
        "What is sealed now may have been sealed by hand: the next change goes into git as it stands in the "
        "work tree.",
        "`sealedfiles track FILE`, where it is to be sealed by git.",
        "sealedfiles track {file}",
    ),
    Kind(
        "lost-pattern",
        WARNING,
        "a pattern that the parent commit sealed is not in .gitattributes any more",
        "New files of that name go into git in the clear. `untrack` does it on purpose.",
        "Bring it back with `sealedfiles track`, if it was not meant.",
        "git log -p -- .gitattributes",
    ),
    Kind(
        "same-id",
        WARNING,
        "two files have the same file id",
        "One may be a copy of the other, made without opening it. Or the other was renamed, and a new file "
        "made in its place. Tokens can be exchanged between the two, and open.",
        "`sealedfiles reseal FILE` gives a file the id of its own path.",
        _RESEAL,
    ),
    Kind(
        "unused-rule",
        WARNING,
        "a rule matches nothing",
        "No file, no value, or a rule before it is for all of them. Perhaps it is misspelt, and the values "
        "that it was meant for go to another group.",
        "Correct the rule or take it out.",
        "git log -p -- .sealedfiles/policy.yaml",
    ),
    Kind(
        "missing-group",
        WARNING,
        "a rule names a group that has no keys",
        "No new value can be sealed to it; git refuses to add one.",
        "Make the group, or correct the rule.",
    ),
    Kind(
        "unknown-allow",
        WARNING,
        "the policy allows a finding that does not exist",
        "The code is misspelt, so that nothing is allowed, or of another version.",
        "Correct it: `sealedfiles check --explain list` has all codes.",
        "sealedfiles check --explain list",
    ),
    Kind(
        "new-allow",
        WARNING,
        "the policy allows something that it did not allow in the parent commit",
        "From here on such findings do not fail a check. Review it like code.",
        "See who wrote it, and whether the reason is one.",
        "git log -p -- .sealedfiles/policy.yaml",
    ),
    Kind(
        "nested-folder",
        WARNING,
        "there is a .sealedfiles folder further down",
        "Only the one at the top counts. Somebody who expects rules or keys from this one is mistaken.",
        "Remove it.",
        "git rm -r {file}",
    ),
    # -- the folder itself
    Kind(
        "bad-policy",
        ERROR,
        "the policy is missing or cannot be read",
        "Nobody can tell what is to be sealed, so git refuses to add sealed files, and nothing was checked "
        "that depends on the rules.",
        "Mend it by hand, or bring the last good one back.",
        "git checkout HEAD -- .sealedfiles/policy.yaml",
    ),
    Kind(
        "bad-epochs",
        ERROR,
        "the list of a group's keys is missing or cannot be read",
        "A merge left it half done, or it was tampered with: its lines no longer follow from one another.",
        "After a merge: `sealedfiles sync`. Else bring the last good one back.",
        _SYNC,
    ),
    Kind(
        "lost-epoch",
        ERROR,
        "a key that the parent commit lists for a group is gone or was changed",
        "The list only ever grows. Somebody replaced the group's keys with others, put an older list "
        "back, or made a retired key look like a good one.",
        "Bring the list back; after a merge of two rotations: `sealedfiles sync`.",
        _SYNC,
    ),
    Kind(
        "unproven-key",
        ERROR,
        "no reader was granted the current key of a group",
        "Whoever makes a new key writes the readers' grants anew with it. So this one was put there by "
        "somebody who could not: a stranger, or a merge that left half of a rotation.",
        "After a merge: `sealedfiles sync`. Else take the key out again.",
        _SYNC,
    ),
    Kind(
        "hidden-reader",
        ERROR,
        "a key file opens with other keys than the reader's",
        "The number or the kinds of those that it was wrapped to are not those of the .pub file: somebody "
        "else may read the group's keys along with the reader.",
        "Ask who wrote the file. `sealedfiles trust NAME` wraps the keys anew, to the .pub alone; who has "
        "opened the file keeps them, so rotate the group as well.",
        "git log -- {file}",
    ),
    Kind(
        "changed-key",
        ERROR,
        "the public keys of a reader are not those that were granted",
        "The .pub file was changed after the grant. The next new key would be wrapped to whoever owns the "
        "new one; sealedfiles refuses that until somebody says it is right.",
        "When the reader confirms the change in person: `sealedfiles trust NAME`.",
    ),
    Kind(
        "bad-public-key",
        ERROR,
        "the public keys of a reader are missing or cannot be read",
        "Nothing can be wrapped to this reader any more, and nobody can tell whom the key file is for.",
        "Bring the .pub file back, or take the reader out.",
        _LOOK,
    ),
    Kind(
        "bad-key-file",
        ERROR,
        "a reader's key file is no age file",
        "The reader cannot open the group any more.",
        "Bring the file back, or let somebody else grant the reader anew.",
        _LOOK,
    ),
    Kind(
        "no-grant",
        ERROR,
        "a key file has no grant",
        "Nobody proved that this reader was let in by the group's readers.",
        "If the reader belongs there: `sealedfiles trust NAME`.",
    ),
    Kind(
        "bad-grant",
        ERROR,
        "a grant cannot be read, or is under a key that the group never had",
        "It proves nothing: somebody without a key of the group may have written it.",
        "If the reader belongs there: `sealedfiles trust NAME`.",
    ),
    Kind(
        "unproved-policy",
        WARNING,
        "the policy is not proved by the current key of a group that it names",
        "It was edited by hand, merged, or written by somebody without that key. Clones of the group's "
        "readers do not obey it until they confirm it. Only `--keyed` finds this.",
        "Read the change: `git log -p -- .sealedfiles/policy.yaml`. Then `sealedfiles trust policy`, and "
        "commit.",
        "sealedfiles trust policy",
    ),
    Kind(
        "old-grant",
        WARNING,
        "a grant is under a key that was rotated since",
        "The reader was let in on one branch while another one rotated, and has no share in the current "
        "key yet.",
        "`sealedfiles sync` unites the two.",
        _SYNC,
    ),
    Kind(
        "lone-grant",
        WARNING,
        "a grant has no key file",
        "The reader can open nothing with it; a removal was left half done.",
        "Remove it, or grant the reader anew.",
        "git rm {file}",
    ),
    Kind(
        "symlink",
        ERROR,
        "a symbolic link stands where sealedfiles reads a file",
        "It could point anywhere, also at something outside of the repository. sealedfiles does not follow "
        "it, and git does not filter it.",
        "Put the file itself in its place.",
        _LOOK,
    ),
    Kind(
        "odd-file",
        WARNING,
        "a file below .sealedfiles that nothing reads",
        "No command looks at it. A key file under an odd name still opens for whoever it is wrapped to.",
        "Remove it, or give it the name that it should have.",
        "git rm {file}",
    ),
)

KINDS = {kind.code: kind for kind in _ALL}
"""Every kind, by its code."""


def explanation(kind: Kind) -> str:
    """Return what `check --explain` prints for *kind*."""
    import textwrap

    paragraphs = [
        f"{kind.code} ({kind.severity}): {kind.what}",
        f"Why it matters.  {kind.why}",
        f"How to mend it.  {kind.mend}",
        "To allow it, in .sealedfiles/policy.yaml:",
    ]
    allow = (
        f"    allow:\n      - finding: {kind.code}\n        files: FILE\n"
        "        reason: why that is right\n"
    )
    return (
        "\n\n".join(textwrap.fill(one, 88, break_on_hyphens=False) for one in paragraphs)
        + "\n\n"
        + allow
    )

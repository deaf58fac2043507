"""The policy, which assigns values in files to groups (docs/format.md, section 11).

The first rule that matches a value applies.  A value that no rule matches is sealed to the group
``default``, so that it is not leaked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sealedfiles.errors import PolicyError
from sealedfiles.light_typing import TYPE_CHECKING, Any, NamedTuple
from sealedfiles.model.paths import PathPattern, merged_path
from sealedfiles.model.plain_yaml import compose, compose_any
from sealedfiles.model.wildmatch import FilePattern, require_few_stars
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import shell_path

if TYPE_CHECKING:
    from sealedfiles.model.allowance import Allow
    from sealedfiles.model.lifetime import Lifetime
    from sealedfiles.model.targets import Target

DEFAULT_GROUP = "default"
NAME = lazy_pattern(r"[a-z0-9][a-z0-9._-]*")
"""Valid names of groups and readers, which are used as file names and in tokens."""

FORMATS = (
    "yaml",
    "json",
    "dotenv",
    "toml",
    "ndjson",
    "properties",
    "ini",
    "tfvars",
    "xml",
    "whole",
)
SCHEMES = ("vault", "aws-sm", "aws-ssm", "op", "keyring", "env")
"""Those of secret references (``secret_reference``).  Here because git's filter parses policies, too."""
_TOP_KEYS = {"version", "tracked", "rules", "allow", "recovery", "resolve", "targets"}
_LIFETIME_KEYS = {"max_age", "expires", "generate"}
_KEYS = {"files", "values", "group", "plain", "format", *_LIFETIME_KEYS}
_MOST = 256 << 10
"""Maximum size of a policy in bytes (about 3000 rules).

Anyone with push access can write one, and every command reads it.
"""


class Rule(NamedTuple):
    """A rule of the policy.  ``group`` is None if the rule leaves its values in plaintext."""

    files: tuple[FilePattern, ...]
    values: tuple[PathPattern, ...]
    group: str | None
    format: str | None
    line: int = 0
    """Its first line in the policy, counted from 1."""
    lifetime: Lifetime | None = None
    """How long its values may be used, and how new ones are generated; None if the rule does not say."""
    entries: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The rule as written in the policy: its keys, sorted, each with its values."""

    @property
    def words(self) -> str:
        """The rule on one line, for messages."""
        return ", ".join(f"{key}: {' '.join(texts)}" for key, texts in self.entries)

    def compiled(self, compiler: Callable[[str], PathPattern]) -> Rule:
        """Return this rule; if it seals certain values, with the patterns that *compiler* makes of theirs."""
        if self.group is None or not self.values:
            return self
        return self._replace(values=tuple(map(compiler, dict(self.entries)["values"])))

    def covers(self, file: str) -> bool:
        """Return True if the rule applies to *file*."""
        return any(pattern.matches(file) for pattern in self.files)


_KEPT_FILES = 1000
"""For how many files the rules are kept, so that memory does not grow with the repository."""

PLAIN = Rule((), (), None, None)
"""Leaves every value in plaintext."""


class FileRules:
    """The rules of the policy for one file."""

    def __init__(self, rules: list[Rule]) -> None:
        self.rules = rules
        self._groups: dict[bytes, str | None] = {}
        self.format = next((rule.format for rule in rules if rule.format), None)
        """The format that a rule sets; None if the file name determines it."""

    @property
    def text(self) -> bytes | None:
        """The rules as text, which determines all results; None if the policy is not confirmed."""
        return repr([(rule.group, rule.format, rule.entries) for rule in self.rules]).encode()

    def group_of(self, path: bytes) -> str | None:
        """Return the group for the value at the encoded key path *path*; None: plaintext."""
        if path not in self._groups:
            rule = self.rule_for(path)
            self._groups[path] = rule.group if rule else DEFAULT_GROUP
        return self._groups[path]

    def sealing_group(self, path: bytes) -> str | None:
        """Return the group that a new value at *path* is sealed to; None: plaintext.

        Raises PolicyError if a policy in the repository that is not accepted assigns another group.
        """
        return self.group_of(path)

    def sealing_whole_groups(self) -> list[str]:
        """Return the groups that the file as a whole is sealed to.  Raises as ``sealing_group``."""
        return self.whole_groups()

    def has_rule(self, path: bytes) -> bool:
        """Return True if a rule applies to the value at *path*."""
        return self.rule_for(path) is not None

    def rule_for(self, path: bytes) -> Rule | None:
        """Return the rule that applies to the value at *path*, or None.

        For a value below a merge key (``<<``), it is the rule for the key path at which YAML readers find the
        value; if that rule leaves it in plaintext, it is the rule for *path* itself.
        """
        merged = merged_path(path)
        rule = self._first_for(merged)
        if merged != path and rule is not None and rule.group is None:
            return self._first_for(path)
        return rule

    def _first_for(self, path: bytes) -> Rule | None:
        for rule in self.rules:
            if not rule.values or any(pattern.matches(path) for pattern in rule.values):
                return rule
        return None

    def lifetime_of(self, path: bytes) -> Lifetime | None:
        """Return the lifetime of the value at *path*, from the rule that applies to it."""
        rule = self.rule_for(path)
        return rule.lifetime if rule else None

    def whole_lifetimes(self) -> list[Lifetime]:
        """Return the lifetimes of the whole file: those of the rules that ``whole_groups`` uses."""
        found = []
        for rule in self.rules:
            if rule.lifetime is not None:
                found.append(rule.lifetime)
            if not rule.values:
                break
        return found

    @property
    def uniform(self) -> bool:
        """Whether all values of the file have one group, which ``sealing_group`` returns for any path."""
        return not self.rules or not self.rules[0].values

    def whole_groups(self) -> list[str]:
        """Return, in byte order, the groups that the file as a whole is sealed to.

        These are the groups of its rules up to the first that covers all values; if none does, also
        ``default``.  If the list is empty, the file stays in plaintext.
        """
        groups: set[str] = set()
        for rule in self.rules:
            if rule.group is not None:
                groups.add(rule.group)
            if not rule.values:
                return sorted(groups)
        return sorted(groups | {DEFAULT_GROUP})


class Policy:
    """The content of a ``policy.yaml``: its rules in order, and its other settings.

    ``recovery`` is the reader who is added to every new group, or None.  ``tracked`` contains the patterns of
    the files that are sealed, or None if an older version wrote the policy, which listed them only in
    ``.gitattributes``.  ``resolve`` contains the schemes of the secret references that commands may resolve.
    """

    def __init__(
        self,
        rules: list[Rule],
        allows: list[Allow] | None = None,
        recovery: str | None = None,
        tracked: tuple[tuple[str, FilePattern], ...] | None = None,
        resolve: tuple[str, ...] = (),
        targets: tuple[_Reader, Any] | None = None,
    ) -> None:
        self.rules = rules
        self.allows = allows or []
        self.recovery = recovery
        self.resolve = resolve
        self.tracked = None if tracked is None else tuple(pattern for pattern, _ in tracked)
        self._tracked = [compiled for _, compiled in tracked or ()]
        self._files: dict[str, FileRules] = {}
        self._targets = targets

    def covers(self, file: str) -> bool:
        """Return True if a tracked pattern matches *file*, a path relative to the working tree's root."""
        return any(pattern.matches(file) for pattern in self._tracked)

    def for_file(self, file: str) -> FileRules:
        """Return the rules for *file*, a path relative to the folder that contains ``.sealedfiles``."""
        if file not in self._files:
            if len(self._files) >= _KEPT_FILES:
                self._files.clear()
            rules = [rule for rule in self.rules if rule.covers(file)]
            name = next((rule.format for rule in rules if rule.format), file.lower())
            if name in ("ini", "xml") or name.endswith((".ini", ".xml", ".config")):
                from sealedfiles.model.folded_names import folding_pattern  # few files need it

                rules = [rule.compiled(folding_pattern(name)) for rule in rules]
            self._files[file] = FileRules(rules)
        return self._files[file]

    def groups(self) -> list[str]:
        """Return every group that a rule uses, and ``default``."""
        return sorted({DEFAULT_GROUP} | {rule.group for rule in self.rules if rule.group})

    def all_sealed(self) -> Policy:
        """Return this policy with every ``plain`` rule replaced by one that seals to ``default``."""
        rules = [rule._replace(group=rule.group or DEFAULT_GROUP) for rule in self.rules]
        return Policy(rules)

    @property
    def targets(self) -> dict[str, Target]:
        """The targets of `push` by name.  Raises PolicyError for an invalid one."""
        if self._targets is None:
            return {}
        from sealedfiles.model.targets import parse_targets  # few commands need them

        return parse_targets(*self._targets)

    def require_valid_targets(self) -> None:
        """Raise PolicyError if a target is invalid."""
        _ = self.targets


def parse_policy(data: bytes, where: str = "policy.yaml", *, ignore_case: bool = False) -> Policy:
    """Parse a policy.  Raises PolicyError with *where* and the line in its message.

    *ignore_case* is git's ``core.ignoreCase``, which also applies to file patterns.

    An unknown key is an error, because a misspelled ``plain`` or ``group`` would give unintended readers
    access to values.
    """
    if len(data) > _MOST:
        raise PolicyError(
            f"{where} is larger than {_MOST >> 10} KB, so it is not read",
            "use patterns for many files in place of a rule for each",
            "if somebody else wrote it, find the commit: git log --stat -- .sealedfiles/policy.yaml",
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise PolicyError(
            f"{where} is not UTF-8", f"convert it: iconv -f UTF-16 -t UTF-8 {shell_path(where)}"
        ) from None
    node = compose(data) or compose_any(data, where)
    reader = _Reader(where, ignore_case=ignore_case)
    top = reader.mapping(node, _TOP_KEYS) if node else {}
    version = reader.value(top["version"]) if "version" in top else None
    if version != "1":
        raise PolicyError(f"{where}: this version of sealedfiles reads policies with `version: 1`")
    rules = reader.sequence(top["rules"]) if "rules" in top else []
    return Policy(
        [reader.rule(rule) for rule in rules],
        reader.allows(top["allow"]) if "allow" in top else None,
        reader.name(top["recovery"]) if "recovery" in top else None,
        reader.tracked(top["tracked"]) if "tracked" in top else None,
        reader.schemes(top["resolve"]) if "resolve" in top else (),
        (reader, top["targets"]) if "targets" in top else None,
    )


class _Reader:
    """Reads the YAML nodes of a policy; every error contains the line."""

    def __init__(self, where: str, *, ignore_case: bool = False) -> None:
        self.where = where
        self.ignore_case = ignore_case

    def fail(self, node: Any, message: str) -> PolicyError:
        return PolicyError(f"{self.where}:{node.start_mark.line + 1}: {message}")

    def mapping(self, node: Any, known: set[str] | None = None) -> dict[str, Any]:
        """Return the values by key; *known* are the valid keys, None if any is."""
        if node.id != "mapping":
            raise self.fail(node, "expected a mapping")
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = self.value(key)
            if known is not None and name not in known:
                expected = ", ".join(sorted(known))
                raise self.fail(key, f"unknown key (known here: {expected})")
            if name in found:
                raise self.fail(key, f"`{name}` is repeated")
            found[name] = value
        return found

    def sequence(self, node: Any) -> list[Any]:
        if node.id == "scalar" and node.value in ("", "null", "~") and not node.style:
            return []
        if node.id != "sequence":
            raise self.fail(node, "expected a list")
        return list(node.value)

    def value(self, node: Any) -> str:
        if node.id != "scalar":
            raise self.fail(node, "expected a scalar value")
        return str(node.value)

    def name(self, node: Any) -> str:
        name = self.value(node)
        if not NAME.fullmatch(name):
            raise self.fail(node, "`recovery` must be the name of a reader (a-z, 0-9 and . _ -)")
        return name

    def patterns(self, node: Any, compiler: Callable[[str], Any]) -> tuple[Any, ...]:
        nodes = node.value if node.id == "sequence" else [node]
        if not nodes:
            raise self.fail(node, "an empty list matches nothing")
        compiled = []
        for item in nodes:
            if not self.value(item):
                raise self.fail(item, "the pattern is empty")
            try:
                compiled.append(compiler(self.value(item)))
            except ValueError as error:
                raise self.fail(item, f"the pattern {error}") from None
        return tuple(compiled)

    def file_pattern(self, pattern: str) -> FilePattern:
        return FilePattern(pattern, ignore_case=self.ignore_case)

    def tracked(self, node: Any) -> tuple[tuple[str, FilePattern], ...]:
        nodes = self.sequence(node)
        return tuple((self.value(n), self.patterns(n, self.tracked_pattern)[0]) for n in nodes)

    def tracked_pattern(self, pattern: str) -> FilePattern:
        require_few_stars(pattern)
        return self.file_pattern(pattern)

    def schemes(self, node: Any) -> tuple[str, ...]:
        found = self.sequence(node)
        for item in found:
            if self.value(item) not in SCHEMES:
                raise self.fail(item, f"a scheme must be one of {', '.join(SCHEMES)}")
        return tuple(sorted({self.value(item) for item in found}))

    def allows(self, node: Any) -> list[Allow]:
        from sealedfiles.model.allowance import read_allow  # few policies have any

        return [read_allow(self, one) for one in self.sequence(node)]

    def rule(self, node: Any) -> Rule:
        keys = self.mapping(node, _KEYS)
        if "files" not in keys:
            raise self.fail(node, "a rule needs `files`")
        group = self.value(keys["group"]) if "group" in keys else DEFAULT_GROUP
        if not NAME.fullmatch(group):
            raise self.fail(keys["group"], "a group name must consist of a-z, 0-9 and . _ -")
        plain = self.value(keys["plain"]) if "plain" in keys else "false"
        if plain not in ("true", "false"):
            raise self.fail(keys["plain"], "`plain` must be true or false")
        if plain == "true" and "group" in keys:
            raise self.fail(node, "a rule can have a `group` or be `plain`, not both")
        file_format = self.value(keys["format"]) if "format" in keys else None
        if file_format is not None and file_format not in FORMATS:
            raise self.fail(keys["format"], f"`format` must be one of {', '.join(FORMATS)}")
        # Anyone with push access can replace a sealed value by a collection, or a list by a value.
        compiler = PathPattern if plain == "true" else partial(PathPattern, below=True)
        return Rule(
            files=self.patterns(keys["files"], self.file_pattern),
            values=self.patterns(keys["values"], compiler) if "values" in keys else (),
            group=None if plain == "true" else group,
            format=file_format,
            line=node.start_mark.line + 1,
            lifetime=self.lifetime(keys),
            entries=tuple((key, self.texts(keys[key])) for key in sorted(keys)),
        )

    def lifetime(self, keys: dict[str, Any]) -> Lifetime | None:
        if _LIFETIME_KEYS.isdisjoint(keys):
            return None
        from sealedfiles.model.lifetime import read_lifetime  # here: few policies need it

        return read_lifetime(self, keys)

    def texts(self, node: Any) -> tuple[str, ...]:
        nodes = node.value if node.id == "sequence" else [node]
        return tuple(str(item.value) for item in nodes)

"""Presets: which values of well-known kinds of files stay in plaintext.

A preset becomes rules of the policy.  They leave in plaintext what a reviewer needs, or a program that reads
the file from git.  Files that are mostly secret are sealed except for some values.  Of the others, the values
at keys that are named like secrets are sealed, and some more, and the rest stays in plaintext.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from sealedfiles.app.scan.named_secrets import NAME_PATTERNS, OTHER_NAMES
from sealedfiles.app.tracking.new_rules import NewRule
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.paths import PathPattern
from sealedfiles.model.wildmatch import FilePattern

_NAMED = tuple(f"**.{glob}.**" for glob in NAME_PATTERNS)
"""The values at keys that are named like secrets, and everything below such keys: `tokens: [a, b]`."""
_OTHERS = tuple(f"**.{glob}" for glob in OTHER_NAMES)
_CONNECTIONS = ("**.*onnection*tring*.**", "**.*CONNECTION*STRING*.**")
"""Connection strings: .NET ignores the case of keys, and Spring also their hyphens."""
_REFERENCES = (
    *(f"**.*ecret*Ref.{key}" for key in ("name", "namespace", "key", "kind", "optional")),
    *("**.valueFrom.**", "**.imagePullSecrets[]", "**.imagePullSecrets[].name"),
)
"""Names of objects of Kubernetes, and of their keys."""

_file_pattern, _path_pattern = cache(FilePattern), cache(PathPattern)
"""Compile the patterns of presets, each once: there may be many files."""


class Preset(NamedTuple):
    """One kind of files.  All patterns are those of the policy."""

    name: str
    kinds: tuple[tuple[str, tuple[str, ...]], ...]
    """How a file is recognized: a pattern of its path, with patterns of key paths that must exist."""
    plain: tuple[str, ...] = ()
    """The values that stay in plaintext, whatever *sealed* matches."""
    sealed: tuple[str, ...] | None = None
    """The values that are sealed; all others stay in plaintext.  None: all that are not *plain*."""
    from_git: str = ""
    """The service that reads such files from git, where it finds tokens; empty if none does."""

    def rules(self, found: Sequence[str] = (), group: str | None = None) -> list[NewRule]:
        """Return the rules for such files, the first one first.

        The values at *found*, patterns of key paths, are sealed in any case.  *group* is the group that
        values are sealed to; None: `default`.
        """
        plain = [NewRule(self.plain, plain=True)] if self.plain else []
        if self.sealed is None:
            rest = [NewRule(group=group)] if group else []
        else:
            rest = [NewRule(self.sealed, group)] if self.sealed else []
            rest.append(NewRule(plain=True))
        return [*([NewRule(tuple(found), group)] if found else []), *plain, *rest]

    def leaves_plain(self, key_path: bytes) -> bool:
        """Return True if the value at the encoded *key_path* stays in plaintext."""
        if any(_path_pattern(one).matches(key_path) for one in self.plain):
            return True
        return self.sealed is not None and not any(
            _path_pattern(one, below=True).matches(key_path) for one in self.sealed
        )

    def is_kind_of(self, path: str, key_paths: Collection[bytes]) -> bool:
        """Return True if the file at *path*, with values at *key_paths*, is of this kind."""
        return any(
            _file_pattern(pattern).matches(path)
            and all(any(map(_path_pattern(shape).matches, key_paths)) for shape in shapes)
            for pattern, shapes in self.kinds
        )


PRESETS = (
    Preset(
        "github-actions",
        (
            (".github/workflows/*.y*ml", ()),
            ("action.y*ml", ("runs.**",)),
        ),
        # GitHub evaluates ${{ secrets.NAME }} only in plaintext: no pattern of keys can be sealed.
        sealed=(),
        from_git="GitHub",
    ),
    Preset(
        "kubernetes",
        (
            ("*.y*ml", ("apiVersion", "kind")),
            ("*.json", ("apiVersion", "kind")),
        ),
        plain=(
            *("apiVersion", "kind", "type", "immutable", "metadata.**"),
            *(
                "**.metadata.**",
                "**.labels.**",
                "**.encryptedData.**",
                "**.topologyKey",
                "**.automountServiceAccountToken",
                "**.sources[].serviceAccountToken.*",
            ),
            *("**.volumes[].secret.*", "**.volumes[].secret.items[].*"),
            *("**.sources[].secret.*", "**.sources[].secret.items[].*"),
            *("secrets[].name", *_REFERENCES, *_OTHERS),
        ),
        sealed=(
            *("data.**", "stringData.**", "items[].data.**", "items[].stringData.**"),
            *("**.env[].value", *_NAMED),
        ),
    ),
    Preset(
        "compose",
        (
            ("*compose*.y*ml", ("services.**",)),
            ("*.y*ml", ("services.*.image",)),
        ),
        # the names of secrets
        plain=(*_OTHERS, "secrets.**", "services.*.secrets.**", "services.*.build.secrets.**"),
        sealed=("**.environment.**", "x-*env*.**", "**.args[]", *_NAMED),
    ),
    Preset(
        "appsettings",
        (("appsettings*.json", ()),),
        plain=_OTHERS,
        sealed=(*_CONNECTIONS, *_NAMED),
    ),
    Preset(
        "terraform",
        (
            ("*.tfvars.json", ()),
            ("*.tfvars", ()),
            ("*.json", ("version", "serial", "lineage")),
        ),
        plain=(
            *("**.region", "**.*_region", "**.zone", "**.*_zone", "**.*_zones.**"),
            *(
                "**.environment",
                "**.env",
                "**.tags.**",
                "**.*_tags.**",
                "**.enabled",
                "**.*_enabled",
            ),
            *("**.*_count", "**.*_type", "**.*_size", "**.*_class", "**.*_version"),
            *("**.cidr", "**.cidrs.**", "**.*_cidr", "**.*_cidrs.**", "**.*_cidr_blocks.**"),
            # a state file
            *("version", "terraform_version", "serial", "lineage", "outputs.*.type"),
            *("outputs.*.sensitive", "resources[].*", "**.schema_version"),
        ),
    ),
    Preset(
        "spring",
        tuple(
            (f"{name}*.{ending}", ())
            for name in ("application", "bootstrap")
            for ending in ("y*ml", "properties")
        ),
        plain=_OTHERS,
        # With dots in one key, as in a .properties file, or with a level for each part.
        sealed=("**.*jaas*.**", "**.*mongodb*.uri", "**.*mongodb*uri", *_CONNECTIONS, *_NAMED),
    ),
    Preset(
        "rails",
        (
            ("config/credentials*.y*ml", ()),
            ("*.y*ml", ("**.secret_key_base",)),
            ("database*.y*ml", ("*.adapter",)),
            ("storage*.y*ml", ("*.service",)),
        ),
        plain=(
            *("**.adapter", "**.encoding", "**.collation", "**.pool", "**.timeout", "**.host"),
            *("**.port", "**.database", "**.socket", "**.variables.**", "**.prepared_statements"),
            *("**.min_messages", "**.schema_search_path", "**.migrations_paths", "**.replica"),
            *("**.service", "**.region", "**.bucket", "**.channel_prefix"),
        ),
    ),
    Preset(
        "helm",
        (("values*.y*ml", ()), ("*values.y*ml", ()), ("**/values/*.y*ml", ())),
        plain=("**.*nv*[].name", *_REFERENCES, *_OTHERS),
        sealed=(
            *("**.env.**", "**.*Env.**", "**.*EnvVars.**", "**.extraEnv*.**"),
            *("**.secrets.**", "**.credentials.**", *_NAMED),
        ),
    ),
)
"""The first one that recognizes a file applies."""
PRESET_NAMES = tuple(sorted(preset.name for preset in PRESETS))


def preset_named(name: str) -> Preset:
    """Return the preset *name*, one of ``PRESET_NAMES``."""
    return next(preset for preset in PRESETS if preset.name == name)


def preset_of(path: bytes, key_paths: Collection[bytes]) -> Preset | None:
    """Return the preset for the file at *path* with values at *key_paths* (encoded); None if none fits."""
    name = path.decode("utf-8", "surrogateescape")
    return next((preset for preset in PRESETS if preset.is_kind_of(name, key_paths)), None)

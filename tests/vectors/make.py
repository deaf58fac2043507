"""Make the vectors anew: ``python tests/vectors/make.py``.

They are made with ``reference.py`` only, never with sealedfiles itself.  A change of what comes out
is a change of the format.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

FOLDER = Path(__file__).parent

if __name__ == "__main__":
    sys.path.insert(0, str(FOLDER.parent))

from vectors import (  # noqa: E402
    comments,
    later_cases,
    other_cases,
    reference,
    reference_unauthenticated,
    unauthenticated,
    yaml_cases,
)
from vectors.marked import marked_file, whole_file  # noqa: E402
from vectors.opening_cases import opening, previous_files  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping

Steps = list["str | None"]

S1 = bytes(range(32))
S2 = bytes(range(32, 64))
S3 = b"\xff" * 32
APP = reference.file_id("config/app.yaml")
ENV = reference.file_id(".env")
PASSWORD: Steps = ["database", "password"]
DATES = ["2026-01-02T03:04:05Z", "2026-02-03T04:05:06Z", "2026-03-04T05:06:07Z"]
ALICE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
ALICE_SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS"
VALUE, COMMENT, WHOLE = 0, 1, 2


def text(data: bytes) -> str:
    return b64encode(data).decode()


def literal_field(literal: bytes) -> dict[str, str]:
    """Bytes that are no UTF-8 stand in base64, under a name of their own."""
    try:
        return {"literal": literal.decode("utf-8")}
    except UnicodeDecodeError:
        return {"literal base64": text(literal)}


def token(
    name: str,
    literal: str | bytes,
    path: Steps | None = None,
    *,
    key: bytes = S1,
    group: str = "default",
    identifier: str = APP,
    kind: int = VALUE,
    occurrence: int = 0,
) -> dict[str, Any]:
    path = PASSWORD if path is None else path
    data = literal.encode() if isinstance(literal, str) else literal
    return {
        "name": name,
        "key": text(key),
        "key id": reference.key_id(key),
        "group": group,
        "file id": identifier,
        "kind": kind,
        "occurrence": occurrence,
        "path": path,
        **literal_field(data),
        "token": reference.seal(key, group, identifier, kind, occurrence, path, data),
    }


def tokens() -> list[dict[str, Any]]:
    lengths = (0, 1, 17, 18, 19, 20, 49, 50, 51)
    inner_whole = token("whole: the inner layer", b"\xff\xfe\x00", [], group="a", kind=WHOLE)
    inner_comment = token("comment: the inner layer", " pw: hunter2", [], group="a", kind=COMMENT)
    return [
        token("the worked example of docs/format.md", '"hunter2"'),
        token("the same value a second time", '"hunter2"', occurrence=1),
        token("the highest occurrence", '"hunter2"', occurrence=2**32 - 1),
        token("true", "true", ["enabled"]),
        token("false, as long as true", "false", ["enabled"]),
        token("at the root", "42", []),
        token("an item of a list", "one", ["users", None, "token"]),
        token("an item of a list of lists", "one", [None, None]),
        token("a key that is empty", "x", [""]),
        token("a key with dots, a quote and a line end", "x", ["data", 'tls."crt"\n']),
        token("keys that are not ASCII", '"пароль 🔑"', ["größe", "ключ", "🔑"]),
        token("a key that is a lone high surrogate", "1", ["\ud83d"]),
        token("a key that is a lone low surrogate", "1", ["a\udc00b"]),
        token("a key composed, U+00E9", "1", ["\u00e9"]),
        token("a key decomposed, e and U+0301: another key", "1", ["e\u0301"]),
        token("a YAML block scalar", "|-\n  line one\n  line two", ["certificate"]),
        token("a YAML tag and anchor", '!!str &pw "x"', ["a"]),
        token("CR LF inside the literal", '"a\r\n  b"', ["a"]),
        token("zero bytes at the end of the literal", "a\x00\x00", ["a"]),
        token("0x80 and zero bytes at the end of the literal", b"a\x80\x00", ["a"]),
        *(
            token(f"{13 + n + 1} bytes before the zeros: {(13 + n + 1) % 32} mod 32", "x" * n)
            for n in lengths
        ),
        token("a .env value", "'s3cr3t'  # rotated in May", ["API_KEY"], identifier=ENV),
        token("another group", '"hunter2"', group="production"),
        token("a group with all kinds of characters", '"hunter2"', group="0.team_a-b"),
        token("another key", '"hunter2"', key=S2),
        token("a key of ones", '"hunter2"', key=S3),
        token("another file", '"hunter2"', identifier=reference.file_id("config/other.yaml")),
        token("a comment", " password: hunter2", [], kind=COMMENT),
        inner_comment,
        token(
            "comment: the outer layer, one space and the inner token",
            " " + inner_comment["token"],
            [],
            group="b",
            kind=COMMENT,
            key=S2,
        ),
        inner_whole,
        token(
            "whole: the outer layer, the bare inner token",
            inner_whole["token"],
            [],
            group="b",
            kind=WHOLE,
            key=S2,
        ),
    ]


def long_tokens() -> list[dict[str, Any]]:
    made = token("64 KiB", "0123456789abcdef" * 4096, ["big"])
    del made["literal"]
    made["literal repeated"] = {"text": "0123456789abcdef", "times": 4096}
    made["token sha256"] = reference.sha256(made.pop("token").encode()).hex()
    return [made]


def refused() -> list[dict[str, str]]:
    """Tokens by their form, which must not open with ``key``."""
    good = token("", '"hunter2", and a longer one')["token"]
    prefix, body = good[: good.rindex(":") + 1], good[good.rindex(":") + 1 :]
    head = b"\x00" * 5 + reference.path_tag(S1, APP, PASSWORD)

    def raw(plaintext: bytes) -> str:
        return reference.seal_raw(S1, "default", APP, plaintext)

    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = last[last.index(body[-1]) + 1]
    cases = {
        "a bit of V flipped": prefix + ("B" if body[0] == "A" else "A") + body[1:],
        "a bit of C flipped": prefix + body[:-8] + ("B" if body[-8] == "A" else "A") + body[-7:],
        "cut at the end": prefix + body[:-4],
        "too long": prefix + body + "AAAA",
        "unused bits of the last character are set": prefix + body[:-1] + spare,
        "a length that base64url cannot have": prefix + body[:-2],
        "moved to another group": good.replace(":default:", ":production:"),
        "moved to another file": good.replace(APP, ENV),
        "made with another key": good.replace(reference.key_id(S1), reference.key_id(S2)),
        "no padding": raw(head + b"x" * 19),
        "padding of 0x00 only": raw(head + b"x" * 18 + b"\x00"),
        "padding of 33 bytes": raw(head + b"x" * 18 + b"\x80" + bytes(32)),
        "padding of 64 bytes": raw(head + b"\x80".rjust(19, b"x") + bytes(64)),
        "another byte in the padding": raw(head + b"x" * 16 + b"\x80\x01\x00"),
        "a plaintext that ends within a block": raw(head + b"x" * 23 + b"\x80"),
        "a plaintext of one block that is padding": raw(b"\x80" + bytes(31)),
        "a plaintext of zeros": raw(bytes(32)),
        "a head that is cut off": raw(head[:12] + b"\x80" + bytes(19)),
    }
    return [{"name": name, "key": text(S1), "token": made} for name, made in cases.items()]


def not_tokens() -> list[dict[str, str]]:
    """Texts in which no token of this version stands."""
    good = token("", '"hunter2"')["token"]
    cases = {
        "another version": good.replace(":v1:", ":v2:"),
        "another word": good.replace("sealed:", "Sealed:"),
        "a group in capitals": good.replace(":default:", ":Default:"),
        "a group that is empty": good.replace(":default:", "::"),
        "a group that begins with a dot": good.replace(":default:", ":.default:"),
        "a key id that is too short": good.replace(reference.key_id(S1), reference.key_id(S1)[1:]),
        "a file id that is too long": good.replace(APP, APP + "A"),
        "a file id in standard base64": good.replace(APP, "+" + APP[1:]),
        "a sealed text that is too short": good[:-1],
        "a field too few": good.replace(f":{APP}:", ":"),
        "another version, and a field too few": good.replace(":v1:", ":v2:").replace(
            f":{APP}:", ":"
        ),
        "another version, and not a token": "sealed:v2:hunter2",
        "another version with a leading zero": good.replace(":v1:", ":v02:"),
    }
    return [{"name": name, "text": made} for name, made in cases.items()]


def ids() -> dict[str, list[dict[str, str | int]]]:
    # The last two, precomposed and decomposed, are one path outside of git.
    paths = ["config/app.yaml", ".env", "a", "größe/ключ.yaml", "with space/and 'quote'.json"]
    paths += ["caf\u00e9.env", "cafe\u0301.env"]
    return {
        "key ids": [{"key": text(s), "key id": reference.key_id(s)} for s in (S1, S2, S3)],
        "file ids": [{"file path": path, "file id": reference.file_id(path)} for path in paths],
        "numbered file ids": [
            {"file path": path, "number": n, "file id": reference.file_id(path, n)}
            for path, n in (("config/app.yaml", 1), ("config/app.yaml", 2), (".env", 1), ("a", 10))
        ],
        "fingerprints": [
            {"public key": key, "fingerprint": reference.fingerprint(key)}
            for key in (ALICE, ALICE_SSH)
        ],
    }


def epochs() -> list[dict[str, Any]]:
    def line(
        number: int, why: str, parent: bytes | None, key: bytes, group: str = "default"
    ) -> str:
        return reference.epoch_line(group, key, DATES[number], why, parent) + "\n"

    def with_public_key(key: bytes, parent: bytes | None) -> str:
        why = "rotated" if parent else "created"
        public = reference_unauthenticated.public_key(key)
        return reference.epoch_line("default", key, DATES[bool(parent)], why, parent, public) + "\n"

    first = line(0, "created", None, S1)
    second = line(1, "rotated", S1, S2)
    third = line(2, "revoked", S2, S3)
    fork = line(2, "rotated", S1, S3)
    cases = [
        ("one key", True, first),
        ("the example of docs/format.md", True, first + second),
        ("three keys", True, first + second + third),
        ("reordered", False, second + first),
        ("a line in the middle left out", False, first + third),
        ("the first line left out", False, second),
        ("the last line without its end", False, first + second[:-1]),
        (
            "a fork: both made from the first key",
            False,
            first + second + fork,
        ),
        ("the first line of another group", False, line(0, "created", None, S1, "other")),
        ("with public keys", True, with_public_key(S1, None) + with_public_key(S2, S1)),
        (
            "the public key exchanged",
            False,
            with_public_key(S1, None).replace(
                reference_unauthenticated.public_key(S1), reference_unauthenticated.public_key(S2)
            ),
        ),
        (
            "the public key removed",
            False,
            with_public_key(S1, None).replace(reference_unauthenticated.public_key(S1), "-"),
        ),
        ("the date changed", False, first.replace("2026-01", "2027-01") + second),
        ("the reason changed", False, first + second.replace("rotated", "revoked")),
        (
            "proved with a key that is not the group's",
            False,
            first + second.rpartition(" ")[0] + " " + line(1, "rotated", S3, S2).rpartition(" ")[2],
        ),
    ]
    return [
        {
            "name": name,
            "group": "default",
            "keys": [text(key) for key in (S1, S2, S3)],
            "valid": valid,
            "epochs": made,
        }
        for name, valid, made in cases
    ]


def grants() -> list[dict[str, Any]]:
    def grant(group: str, name: str, key: bytes, public_keys: list[str]) -> dict[str, Any]:
        line = reference.grant_line(group, name, key, public_keys, DATES[1])
        return {
            "name": name,
            "group": group,
            "key": text(key),
            "public keys": public_keys,
            "date": DATES[1],
            "grant": line + "\n",
        }

    return [
        grant("default", "alice", S2, [ALICE]),
        grant("production", "alice", S2, [ALICE]),
        grant("default", "bob", S2, [ALICE]),
        grant("default", "alice", S1, [ALICE]),
        grant("default", "alice", S1, [ALICE_SSH]),
        grant("default", "alice", S1, [ALICE, ALICE_SSH]),
        grant("default", "alice", S1, [ALICE_SSH, ALICE]),
    ]


def key_files() -> list[dict[str, Any]]:
    keys = list(zip((S1, S2, S3), DATES, strict=True))
    return [
        {
            "keys": [{"key": text(key), "date": date} for key, date in keys[:count]],
            "plaintext": reference.key_file(keys[:count]),
        }
        for count in (1, 2, 3)
    ]


def structured(
    path: str, plain: str, values: list[tuple[Steps, str, int]], quote: str
) -> dict[str, Any]:
    """A file sealed to ``default``; *values* are path, literal and occurrence, in file order."""
    identifier = reference.file_id(path)
    sealed, rest = "", plain
    for steps, literal, occurrence in values:
        before, found, rest = rest.partition(literal)
        assert found
        made = reference.seal(S1, "default", identifier, VALUE, occurrence, steps, literal.encode())
        sealed += before + quote + made + quote
    return {
        "name": f"the values of {path}",
        "file path": path,
        "keys": {"default": text(S1)},
        "rules": [],
        "plain": plain,
        "sealed": sealed + rest,
    }


def whole(path: str, plain: bytes, rules: list[dict[str, str]], quote: str = "") -> dict[str, Any]:
    keys = {"a": S1, "b": S2, "default": S3}
    groups = sorted({rule["group"] for rule in rules} or {"default"})
    literal = plain
    made = ""
    for group in groups:
        made = reference.seal(keys[group], group, reference.file_id(path), WHOLE, 0, [], literal)
        literal = made.encode()
    return {
        "name": f"{path} as a whole, to {' and '.join(groups)}",
        "file path": path,
        "keys": {group: text(keys[group]) for group in groups},
        "rules": rules,
        **{key.replace("literal", "plain"): data for key, data in literal_field(plain).items()},
        "sealed": f"{quote}{made}{quote}\n",
    }


def files() -> list[dict[str, Any]]:
    two = [{"files": "*", "values": "x", "group": "b"}, {"files": "*", "group": "a"}]
    return [
        structured(
            "config/app.yaml",
            "database:\n  password: 'hunter2'   # see the runbook\n  port: 5432\n"
            "users: [one, one]\nempty:\n",
            [
                (PASSWORD, "'hunter2'  ", 0),
                (["database", "port"], "5432", 0),
                (["users", None], "one", 0),
                (["users", None], "one", 1),
            ],
            '"',
        ),
        structured(
            "config/app.json",
            '{"a": {"\\u00e9": "x"}, "n": [null, -1.5e3]}\n',
            [(["a", "\u00e9"], '"x"', 0), (["n", None], "null", 0), (["n", None], "-1.5e3", 0)],
            '"',
        ),
        structured(
            ".env",
            '# the database\nexport DB_PASSWORD="a # b"  # comment\nEMPTY=\nURL=http://x  # y\n',
            [(["DB_PASSWORD"], '"a # b" ', 0), (["URL"], "http://x  # y", 0)],
            "",
        ),
        structured(
            "config/signs.yaml",
            "R&D: one\n\"Q&A\": 'two'\na &b: three  \t# aligned\n? c &d\n: four\n",
            [
                (["R&D"], "one", 0),
                (["Q&A"], "'two'", 0),
                (["a &b"], "three  ", 0),
                (["c &d"], "four", 0),
            ],
            '"',
        ),
        structured(
            "config/aligned.yaml",
            "pin:  1234      # a\nuser: bob       # b\nlist: [x  # c\n  ]\n",
            [(["pin"], "1234     ", 0), (["user"], "bob      ", 0), (["list", None], "x ", 0)],
            '"',
        ),
        whole("certs/server.p12", b"\x30\x82\xff\x00\r\n", []),
        whole("certs/server.p12", b"\x30\x82\xff\x00\r\n", two),
        whole("half-edited.yaml", b"a: [1\n", two, '"'),
        whole("half-edited.json", b'{"a": \n', [], '"'),
        *marked_files(),
        *previous_files(),
    ]


def marked_files() -> list[dict[str, Any]]:
    """Files whose values are marked by hand."""
    made = [
        marked_file(f"{form}: {name}", path, marked)
        for form, path, cases in (
            ("YAML", "v.yaml", yaml_cases.SEALED),
            ("JSON", "v.json", other_cases.JSON_SEALED),
            ("JSONC", "v.jsonc", other_cases.JSONC_SEALED),
            (".env", "v.env", other_cases.ENV_SEALED),
            ("TOML", "v.toml", later_cases.TOML_SEALED),
            ("NDJSON", "v.ndjson", later_cases.NDJSON_SEALED),
            ("properties", "v.properties", later_cases.PROPERTIES_SEALED),
            ("INI", "v.ini", later_cases.INI_SEALED),
            ("tfvars", "v.tfvars", later_cases.TFVARS_SEALED),
            ("XML", "v.xml", later_cases.XML_SEALED),
        )
        for name, marked in cases.items()
    ]
    by_format: list[tuple[str, str, Mapping[str, str | bytes]]] = [
        ("YAML", "v.yaml", yaml_cases.WHOLE),
        ("JSON", "v.json", other_cases.JSON_WHOLE),
        (".env", "v.env", other_cases.ENV_WHOLE),
        ("TOML", "v.toml", later_cases.TOML_WHOLE),
        ("NDJSON", "v.ndjson", later_cases.NDJSON_WHOLE),
        ("properties", "v.properties", later_cases.PROPERTIES_WHOLE),
        ("INI", "v.ini", later_cases.INI_WHOLE),
        ("tfvars", "v.tfvars", later_cases.TFVARS_WHOLE),
        ("XML", "v.xml", later_cases.XML_WHOLE),
    ]
    made += [
        whole_file(f"{form} sealed whole: {name}", path, plain)
        for form, path, texts in by_format
        for name, plain in texts.items()
    ]
    cases: list[tuple[Any, ...]] = [*other_cases.NAMED, *other_cases.RULED, *later_cases.RULED]
    made += [marked_file(*case) for case in cases]
    wholes: list[tuple[Any, ...]] = [*other_cases.WHOLE]
    return made + [whole_file(f"whole: {name}", *rest) for name, *rest in wholes]


def made() -> dict[str, str]:
    """The name and the text of every file of vectors."""
    contents = {
        "tokens": tokens(),
        "long-tokens": long_tokens(),
        "refused": refused(),
        "not-tokens": not_tokens(),
        "ids": ids(),
        "epochs": epochs(),
        "grants": grants(),
        "key-files": key_files(),
        "files": files(),
        "comments": comments.vectors(),
        "opening": opening(),
        "public-keys": unauthenticated.public_keys(),
        "unauthenticated": unauthenticated.tokens(),
        "unauthenticated-refused": unauthenticated.refused(),
    }
    # ASCII only, so that lone surrogates survive every JSON reader that can read them at all.
    return {
        f"{name}.json": json.dumps(content, indent=1, ensure_ascii=True) + "\n"
        for name, content in contents.items()
    }


if __name__ == "__main__":
    for name, content in made().items():
        (FOLDER / name).write_text(content, encoding="ascii", newline="\n")

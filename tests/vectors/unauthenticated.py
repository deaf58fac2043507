"""The vectors of unauthenticated tokens and of the public keys of groups."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from vectors import reference
from vectors import reference_unauthenticated as made_by

Steps = list["str | None"]

S1, S2, S3 = bytes(range(32)), bytes(range(32, 64)), b"\xff" * 32
APP = reference.file_id("config/app.yaml")
PASSWORD: Steps = ["database", "password"]
LOW_ORDER = (
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
)


def text(data: bytes) -> str:
    return b64encode(data).decode()


def public_keys() -> list[dict[str, str]]:
    made = []
    for secret in (S1, S2, S3):
        public = made_by.public_key(secret)
        fingerprint = reference.fingerprint(public)
        made.append({"key": text(secret), "public key": public, "fingerprint": fingerprint})
    return made


def prefix_of(secret: bytes, group: str, identifier: str) -> str:
    return f"sealed:v2:{group}:{reference.key_id(secret)}:{identifier}:"


def raw(
    plain: bytes,
    steps: Steps = PASSWORD,
    secret: bytes = S1,
    group: str = "production",
    identifier: str = APP,
    number: int = 0,
) -> str:
    random, own = (reference.sha256(b"%s %d" % (word, number)) for word in (b"mlkem", b"x25519"))
    prefix = prefix_of(secret, group, identifier)
    return made_by.write_raw(made_by.public_key(secret), prefix, steps, plain, random, own)


def tokens() -> list[dict[str, Any]]:
    cases: list[tuple[str, Steps, str, dict[str, Any]]] = [
        ("a value of a mapping", PASSWORD, '"hunter2"', {}),
        ("the same value a second time: another token", PASSWORD, '"hunter2"', {}),
        ("a number at the root", [], "42", {}),
        ("an item of a list", ["users", None, "token"], "one", {}),
        ("a key that is not ASCII", ["größe", "🔑"], "'ü'", {"identifier": reference.file_id("a")}),
        ("31 bytes: one block", PASSWORD, "x" * 31, {}),
        ("32 bytes: two blocks", PASSWORD, "x" * 32, {}),
        ("another group", PASSWORD, '"hunter2"', {"group": "0.team_a-b"}),
        ("another key", PASSWORD, '"hunter2"', {"secret": S2}),
        ("a YAML anchor", ["a"], '&pw "x"', {}),
        ("several lines", ["certificate"], "|-\n  line one\n  line two", {}),
    ]
    return [
        {
            "name": name,
            "key": text(more.get("secret", S1)),
            "group": more.get("group", "production"),
            "file id": more.get("identifier", APP),
            "path": steps,
            "literal": literal,
            "token": raw(reference.pad(literal.encode()), steps, number=number, **more),
        }
        for number, (name, steps, literal, more) in enumerate(cases)
    ]


def refused() -> list[dict[str, Any]]:
    """Tokens by their form, which must not open with ``key`` at ``path``."""
    good = raw(reference.pad(b'"hunter2"'))
    prefix, _, body = good.rpartition(":")
    data = reference.base64url_decode(body)

    def having(changed: bytes) -> str:
        return f"{prefix}:{reference.base64url(changed)}"

    def flipped(at: int) -> str:
        return having(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])

    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    rest = len(body) % 4
    spare = body[:-1] + last[last.index(body[-1]) + 1] if rest else ""
    assert spare
    other = reference.file_id("config/other.yaml")
    cases = {
        "a bit of ML-KEM's ciphertext flipped": flipped(0),
        "a bit of the share flipped": flipped(1088),
        "a bit of the ciphertext flipped": flipped(1120),
        "a bit of the tag flipped": flipped(len(data) - 1),
        "cut at the end": having(data[:-1]),
        "only an encapsulated key": having(data[:1120]),
        "less than an encapsulated key": having(data[:1000]),
        "as short as a token can be": having(data[:48]),
        "too long": having(data + b"\x00"),
        "unused bits of the last character are set": f"{prefix}:{spare}",
        "a length that base64url cannot have": f"{prefix}:{body[: len(body) // 4 * 4 - 3]}",
        "moved to another group": good.replace(":production:", ":default:"),
        "moved to another file": good.replace(APP, other),
        "made for another key path": raw(reference.pad(b'"hunter2"'), ["database", "user"]),
        "made for the root": raw(reference.pad(b'"hunter2"'), []),
        "made with another key": raw(reference.pad(b'"hunter2"'), secret=S2).replace(
            reference.key_id(S2), reference.key_id(S1)
        ),
        "made as another version": good.replace(":v2:", ":v3:"),
        "no plaintext": raw(b""),
        "no padding": raw(b"x" * 32),
        "padding of 33 bytes": raw(b"x" * 31 + b"\x80" + bytes(32)),
        "another byte in the padding": raw(b"x" * 29 + b"\x80\x01\x00"),
        "a plaintext that ends within a block": raw(b"x\x80"),
        "a plaintext of zeros": raw(bytes(32)),
        **{
            f"a share of low order: {point.hex()[:8]}": having(data[:1088] + point + data[1120:])
            for point in LOW_ORDER
        },
    }
    return [
        {"name": name, "key": text(S1), "path": PASSWORD, "token": made}
        for name, made in cases.items()
    ]

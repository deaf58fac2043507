"""A second implementation of tokens, epochs and grants, written from docs/format.md alone.

It imports nothing of sealedfiles, and takes every step as the page has it, AES-SIV (RFC 5297)
included: slow, and easy to compare with the page.  The vectors in this folder are made with it.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b32encode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TOKEN = re.compile(
    "sealed:v1:([a-z0-9][a-z0-9._-]*):([a-z2-7]{16}):([A-Za-z0-9_-]{8}):([A-Za-z0-9_-]{64,})"
)


class RefusedError(Exception):
    """The token, the line or the text is not one that the format allows."""


class Content(NamedTuple):
    kind: int
    occurrence: int
    path_tag: bytes
    literal: bytes


# -- primitives


def sha256(data: bytes) -> bytes:
    digest = Hash(SHA256())
    digest.update(data)
    return digest.finalize()


def hmac(key: bytes, message: bytes) -> bytes:
    mac = HMAC(key, SHA256())
    mac.update(message)
    return mac.finalize()


def hkdf(ikm: bytes, info: str, salt: bytes = b"", length: int = 32) -> bytes:
    return HKDF(SHA256(), length, salt, info.encode()).derive(ikm)


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def base64url_decode(text: str) -> bytes:
    if len(text) % 4 == 1:
        raise RefusedError("no base64url")
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(data) != text:
        raise RefusedError("not the canonical spelling")
    return data


def base32(data: bytes) -> str:
    return b32encode(data).decode().rstrip("=").lower()


def cmac(key: bytes, message: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(message)
    return mac.finalize()


def xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def double(block: bytes) -> bytes:
    """Multiply by x in GF(2^128) (RFC 5297, section 2.3)."""
    number = int.from_bytes(block, "big") << 1
    if number >> 128:
        number = (number & (1 << 128) - 1) ^ 0x87
    return number.to_bytes(16, "big")


def s2v(key: bytes, associated: bytes, plaintext: bytes) -> bytes:
    """RFC 5297, section 2.4, for one string of associated data."""
    block = xor(double(cmac(key, bytes(16))), cmac(key, associated))
    if len(plaintext) >= 16:
        return cmac(key, plaintext[:-16] + xor(plaintext[-16:], block))
    return cmac(key, xor(double(block), (plaintext + b"\x80").ljust(16, b"\x00")))


def counter_mode(key: bytes, siv: bytes, data: bytes) -> bytes:
    """RFC 5297, section 2.5: two bits of the counter are cleared."""
    start = int.from_bytes(siv, "big") & ~(1 << 63 | 1 << 31)
    cipher = Cipher(AES(key), CTR(start.to_bytes(16, "big"))).encryptor()
    return cipher.update(data) + cipher.finalize()


def siv_encrypt(key: bytes, associated: bytes, plaintext: bytes) -> bytes:
    half = len(key) // 2
    siv = s2v(key[:half], associated, plaintext)
    return siv + counter_mode(key[half:], siv, plaintext)


def siv_decrypt(key: bytes, associated: bytes, data: bytes) -> bytes:
    half = len(key) // 2
    siv = data[:16]
    plaintext = counter_mode(key[half:], siv, data[16:])
    if s2v(key[:half], associated, plaintext) != siv:
        raise RefusedError("not made with this key")
    return plaintext


# -- tokens


def key_id(secret: bytes) -> str:
    return base32(hkdf(secret, "sealedfiles/v1/key-id")[:10])


def file_id(path: str, number: int = 0) -> str:
    """The id of a new file outside of git; in git the path is taken as git stores it.

    *number* is the lowest for which no other file has the id.
    """
    text = unicodedata.normalize("NFC", path).encode()
    if number:
        text += b"\x00" + str(number).encode()
    return base64url(sha256(b"sealedfiles/v1/file-id" + b"\x00" + text)[:6])


def encode_path(steps: list[str | None]) -> bytes:
    encoded = b""
    for step in steps:
        text = b"" if step is None else step.encode("utf-8", "surrogatepass")
        encoded += (b"s" if step is None else b"k") + len(text).to_bytes(4, "big") + text
    return encoded


def keys_of_file(secret: bytes, identifier: str) -> tuple[bytes, bytes]:
    """The SIV key and the path key."""
    keys = hkdf(secret, "sealedfiles/v1/values", base64url_decode(identifier), 96)
    return keys[:64], keys[64:]


def path_tag(secret: bytes, identifier: str, steps: list[str | None]) -> bytes:
    return hmac(keys_of_file(secret, identifier)[1], encode_path(steps))[:8]


def pad(data: bytes) -> bytes:
    data += b"\x80"
    while len(data) % 32:
        data += b"\x00"
    return data


def unpad(data: bytes) -> bytes:
    if not data or len(data) % 32:
        raise RefusedError("no whole number of blocks")
    end = len(data) - 1
    while end > 0 and data[end] == 0:
        end -= 1
    if data[end] != 0x80 or len(data) - end > 32:
        raise RefusedError("wrong padding")
    return data[:end]


def seal_raw(secret: bytes, group: str, identifier: str, plaintext: bytes) -> str:
    """The token for a plaintext that need not be one."""
    prefix = f"sealed:v1:{group}:{key_id(secret)}:{identifier}:"
    siv_key, _ = keys_of_file(secret, identifier)
    return prefix + base64url(siv_encrypt(siv_key, prefix.encode(), plaintext))


def seal(
    secret: bytes,
    group: str,
    identifier: str,
    kind: int,
    occurrence: int,
    steps: list[str | None],
    literal: bytes,
) -> str:
    head = bytes([kind]) + occurrence.to_bytes(4, "big") + path_tag(secret, identifier, steps)
    return seal_raw(secret, group, identifier, pad(head + literal))


def open_token(secret: bytes, token: str) -> Content:
    match = TOKEN.fullmatch(token)
    if match is None:
        raise RefusedError("no token")
    _, name, identifier, body = match.groups()
    if name != key_id(secret):
        raise RefusedError("made with another key")
    siv_key, _ = keys_of_file(secret, identifier)
    prefix = token[: -len(body)]
    plain = unpad(siv_decrypt(siv_key, prefix.encode(), base64url_decode(body)))
    if len(plain) < 13:
        raise RefusedError("cut off")
    return Content(plain[0], int.from_bytes(plain[1:5], "big"), plain[5:13], plain[13:])


# -- keys


def epoch_line(
    group: str, secret: bytes, date: str, why: str, parent: bytes | None, public_key: str = "-"
) -> str:
    """A line of ``epochs``; *parent* is the key before, None in the first line."""
    line = f"{key_id(secret)} {date} {why} {key_id(parent) if parent else '-'} {public_key}"
    chain = hkdf(parent or secret, "sealedfiles/v1/chain")
    message = group.encode() + b"\x00" + line.encode() + b"\x00" + secret
    return f"{line} {base64url(hmac(chain, message))}"


def fingerprint(public_key: str) -> str:
    """*public_key* is the text; of an SSH key its type, a space and its base64."""
    return base32(sha256(public_key.encode()))[:20]


def grant_line(group: str, name: str, secret: bytes, public_keys: list[str], date: str) -> str:
    prints = ",".join(sorted(fingerprint(key) for key in public_keys))
    line = f"{key_id(secret)} {prints} {date}"
    key = hkdf(secret, "sealedfiles/v1/grant")
    message = group.encode() + b"\x00" + name.encode() + b"\x00" + line.encode()
    return f"{line} {base64url(hmac(key, message))}"


def key_file(keys: list[tuple[bytes, str]]) -> str:
    """The plaintext of an ``.age`` file for keys and their dates, oldest first."""
    return "".join(f"{key_id(key)} {date} {b64encode(key).decode()}\n" for key, date in keys)


# -- the policy


def group_of(rules: list[dict[str, Any]], path: tuple[str | None, ...]) -> str | None:
    """Return the group of the first rule that matches *path*, None for a plain one (section 11)."""
    for rule in rules:
        patterns = rule.get("values", "**")
        patterns = [patterns] if isinstance(patterns, str) else patterns
        if any(_matches(_steps(pattern), path) for pattern in patterns):
            return None if rule.get("plain") else str(rule.get("group", "default"))
    return "default"


def _steps(pattern: str) -> list[str | None]:
    steps: list[str | None] = []
    for part in pattern.split("."):
        name, *items = part.split("[]")
        steps += ([name] if name else []) + [None] * len(items)
    return steps


def _matches(pattern: list[str | None], path: tuple[str | None, ...]) -> bool:
    if not pattern:
        return not path
    first, *rest = pattern
    if first == "**":
        return any(_matches(rest, path[n:]) for n in range(len(path) + 1))
    if not path or (first is None) != (path[0] is None):
        return False
    wanted = ".*".join(map(re.escape, (first or "").split("*")))
    return re.fullmatch(wanted, path[0] or "", re.DOTALL) is not None and _matches(rest, path[1:])

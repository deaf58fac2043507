"""A plugin for the tests: ``age1toy1…`` and ``AGE-PLUGIN-TOY-1…``, whose data say what it does.

It shares no code with sealedfiles, and does not encrypt: the file key stands in the stanza, turned.
"""

from __future__ import annotations

import base64
import os
import sys

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def data_of(key: str) -> str:
    values = [CHARSET.index(char) for char in key.lower().rpartition("1")[2][:-6]]
    bits = "".join(f"{value:05b}" for value in values)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits) - 7, 8)).decode()


def send(kind: str, *args: str, body: bytes = b"") -> None:
    text = base64.b64encode(body).decode().rstrip("=")
    lines = [text[i : i + 64] for i in range(0, len(text) + 1, 64)]
    sys.stdout.write("\n".join([" ".join(["->", kind, *args]), *lines, ""]))
    sys.stdout.flush()


def receive() -> tuple[list[str], bytes]:
    words = sys.stdin.readline().split()[1:]
    text = ""
    while True:
        line = sys.stdin.readline().rstrip("\n")
        text += line
        if len(line) < 64:
            return words, base64.b64decode(text + "=" * (-len(text) % 4))


def call(kind: str, *args: str, body: bytes = b"") -> tuple[list[str], bytes]:
    send(kind, *args, body=body)
    return receive()


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode().rstrip("=")


def ask(what: str) -> None:
    """Use every way of reaching a person, and report an error if an answer is a wrong one."""
    answers = []
    if what == "talk":
        answers.append(call("msg", body=b"touch your key\n\x1b[2Jnow"))
        answers.append(call("confirm", encode("Yes"), encode("No"), body=b"sure?"))
        answers.append(call("confirm", encode("Go"), body=b"ready?"))
        answers.append(call("request-public", body=b"name?"))
        answers.append(call("request-secret", body=b"pin?"))
        answers.append(call("dance"))
        report = " ".join(f"{' '.join(words)}:{body.decode()}" for words, body in answers)
        if report != "ok: ok yes: ok yes: ok:alice ok:1234 unsupported:":
            call("error", "internal", body=report.encode())
            sys.exit()


def misbehave(what: str) -> None:
    if what == "error":
        call("error", "internal", body=b"no key \x1b[31min the slot")
        sys.exit()
    if what == "die":
        sys.exit(3)
    if what == "garbage":
        sys.stdout.write("hello\n")
        sys.stdout.flush()
        sys.exit()
    if what == "index":
        call("recipient-stanza", "1", "toy")
        call("file-key", "1", body=bytes(16))
    if what == "short":
        call("recipient-stanza", "0")
        call("file-key", "0", body=b"short")
    if what == "twice":
        call("labels", "a")
        call("labels", "a")
        call("file-key", "0", body=bytes(16))
        call("file-key", "0", body=bytes(16))
    if what == "confirm":
        call("confirm", "not base64!", body=b"sure?")
    if what == "confirm3":
        call("confirm", "YQ", "YQ", "YQ", body=b"sure?")
    if what == "where":
        call("error", "internal", body=os.getcwd().encode())
        sys.exit()


def recipient_v1() -> None:
    keys, file_key = [], b""
    while (message := receive())[0] != ["done"]:
        words, body = message
        if words[0] == "add-recipient":
            keys.append(data_of(words[1]))
        if words[0] == "wrap-file-key":
            file_key = body
    for what in keys:
        ask(what)
        misbehave(what)
        if what == "none":
            continue
        if what.startswith("label "):
            call("labels", *what.split()[1:])
        call("recipient-stanza", "0", "toy", "arg", body=file_key[::-1])
    send("done")


def identity_v1() -> None:
    keys, stanzas = [], []
    while (message := receive())[0] != ["done"]:
        words, body = message
        if words[0] == "add-identity":
            keys.append(data_of(words[1]))
        if words[0] == "recipient-stanza":
            stanzas.append((words[2:], body))
    for what in keys:
        ask(what)
        misbehave(what)
        for words, body in stanzas:
            if words == ["toy", "arg"]:
                call("file-key", "0", body=body[::-1])
                send("done")
                return
    send("done")


if __name__ == "__main__":
    {"recipient-v1": recipient_v1, "identity-v1": identity_v1}[sys.argv[1].partition("=")[2]]()

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sealedfiles import age
from sealedfiles.age import bech32
from sealedfiles.age.stanza import encode_base64

from .kit import FILE_KEY, build, recipient_of
from .programs import install_toy_plugin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Person:
    """Whoever sits at the terminal: answers as the toy plugin likes it, and remembers the talk."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def message(self, plugin: str, text: str) -> None:
        self.heard.append(f"{plugin}: {text}")

    def confirm(self, plugin: str, text: str, yes: str, no: str | None) -> bool | None:
        self.heard.append(f"{plugin}: {text} {yes}/{no}")
        return True

    def request(self, plugin: str, text: str, secret: bool) -> str | None:
        self.heard.append(f"{plugin}: {text} {'secret' if secret else 'public'}")
        return "1234" if secret else "alice"


class Nobody:
    """No terminal."""

    def message(self, *_what: object) -> None:
        pass

    def confirm(self, *_what: object) -> None:
        pass

    def request(self, *_what: object) -> None:
        pass


def toy_recipient(what: str, ui: age.PluginUI | None = None) -> age.Recipient:
    return age.parse_recipient(bech32.encode("age1toy", what.encode()), ui or Person())


def toy_identity(what: str, ui: age.PluginUI | None = None) -> age.Identity:
    return age.parse_identity(bech32.encode("AGE-PLUGIN-TOY-", what.encode()), ui=ui or Person())


@pytest.fixture(autouse=True)
def _toy_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_toy_plugin(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


def test_a_plugin_encrypts_and_decrypts() -> None:
    sealed = age.encrypt(b"text", [toy_recipient("")])
    assert [stanza[:2] for stanza in age.read_header(sealed)] == [("toy", ("arg",))]
    assert age.decrypt(sealed, [toy_identity("")]) == b"text"


def test_a_plugin_stands_beside_other_recipients() -> None:
    other = age.generate_identity(post_quantum=False)
    sealed = age.encrypt(b"text", [toy_recipient(""), recipient_of(other)])
    assert age.decrypt(sealed, [toy_identity("")]) == b"text"
    assert age.decrypt(sealed, [other]) == b"text"


def test_a_plugin_that_finds_no_stanza_does_not_match() -> None:
    sealed = age.encrypt(b"text", [recipient_of(age.generate_identity())])
    with pytest.raises(age.NoIdentityMatch):
        age.decrypt(sealed, [toy_identity("")])


def test_a_plugin_gets_every_stanza_whatever_it_holds() -> None:
    turned = encode_base64(FILE_KEY[::-1]).decode()
    data = build("-> other a b", "QUFB" * 16, "", "-> toy arg", turned)
    assert age.decrypt(data, [toy_identity("")]) == b"age"


@pytest.mark.parametrize("side", ["recipient", "identity"])
def test_a_plugin_can_talk_to_the_person(side: str) -> None:
    person = Person()
    recipient = toy_recipient("talk" if side == "recipient" else "", person)
    identity = toy_identity("talk" if side == "identity" else "", person)
    assert age.decrypt(age.encrypt(b"text", [recipient]), [identity]) == b"text"
    assert person.heard == [
        "toy: touch your key\n\x1b[2Jnow",
        "toy: sure? Yes/No",
        "toy: ready? Go/None",
        "toy: name? public",
        "toy: pin? secret",
    ]


def test_a_plugin_is_told_that_nobody_is_there() -> None:
    with pytest.raises(age.PluginError, match="ok: fail: fail: fail: fail: unsupported:"):
        age.encrypt(b"text", [toy_recipient("talk", Nobody())])


def test_labels_of_a_plugin_decide_what_it_is_mixed_with() -> None:
    hybrid, classic = age.generate_identity(), age.generate_identity(post_quantum=False)
    post_quantum = toy_recipient("label postquantum")
    assert age.decrypt(age.encrypt(b"x", [post_quantum, recipient_of(hybrid)]), [hybrid]) == b"x"
    with pytest.raises(age.RecipientError, match="post-quantum"):
        age.encrypt(b"x", [post_quantum, recipient_of(classic)])
    with pytest.raises(age.RecipientError, match="cannot be mixed"):
        age.encrypt(b"x", [toy_recipient("label a b"), toy_recipient("label a")])
    assert age.encrypt(b"x", [toy_recipient("label a b"), toy_recipient("label b a")])


def test_an_error_of_a_plugin_is_shown_without_its_control_characters() -> None:
    acts: list[Callable[[], object]] = [
        lambda: age.encrypt(b"text", [toy_recipient("error")]),
        lambda: age.decrypt(age.encrypt(b"text", [toy_recipient("")]), [toy_identity("error")]),
    ]
    for act in acts:
        with pytest.raises(age.PluginError) as failure:
            act()
        assert str(failure.value) == r"age-plugin-toy: no key \x1b[31min the slot"


@pytest.mark.parametrize(
    "what", ["die", "garbage", "index", "short", "twice", "confirm", "confirm3", "none"]
)
def test_a_recipient_that_breaks_the_protocol_is_an_error(what: str) -> None:
    with pytest.raises(age.PluginError, match="age-plugin-toy"):
        age.encrypt(b"text", [toy_recipient(what)])


@pytest.mark.parametrize(
    "what", ["die", "garbage", "index", "short", "twice", "confirm", "confirm3"]
)
def test_an_identity_that_breaks_the_protocol_is_an_error(what: str) -> None:
    sealed = age.encrypt(b"text", [toy_recipient("")])
    with pytest.raises(age.PluginError, match="age-plugin-toy"):
        age.decrypt(sealed, [toy_identity(what)])


def test_a_plugin_that_fails_does_not_stop_other_identities() -> None:
    other = age.generate_identity()
    sealed = age.encrypt(b"text", [recipient_of(other)])
    assert age.decrypt(sealed, [toy_identity("error"), other]) == b"text"


def test_a_plugin_runs_in_no_folder_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(age.PluginError) as failure:
        age.encrypt(b"text", [toy_recipient("where")])
    assert str(tmp_path) not in str(failure.value)


def test_a_missing_plugin_is_named() -> None:
    recipient = age.parse_recipient(bech32.encode("age1absent", b"x"))
    identity = age.parse_identity(bech32.encode("AGE-PLUGIN-ABSENT-", b"x"))
    acts: list[Callable[[], object]] = [
        lambda: age.encrypt(b"text", [recipient]),
        lambda: age.decrypt(build("-> a", ""), [identity]),
    ]
    for act in acts:
        with pytest.raises(age.PluginNotFoundError, match="age-plugin-absent") as failure:
            act()
        assert "install age-plugin-absent" in failure.value.hints[0]


@pytest.mark.parametrize("path", ["", ".", "relative"])
def test_a_plugin_is_never_taken_from_where_one_happens_to_be(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "relative").mkdir()
    install_toy_plugin(tmp_path / "relative")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", path)
    with pytest.raises(age.PluginNotFoundError):
        age.encrypt(b"text", [toy_recipient("")])


def test_what_cannot_be_run_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "age-plugin-toy").chmod(0o644)
    if os.access(tmp_path / "age-plugin-toy", os.X_OK):
        pytest.skip("this system knows no executable bit")
    with pytest.raises(age.PluginNotFoundError):
        age.encrypt(b"text", [toy_recipient("")])


def test_what_does_not_start_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "age-plugin-toy").write_text("#!/nonexistent/interpreter\n")
    with pytest.raises(age.PluginError, match="does not start"):
        age.encrypt(b"text", [toy_recipient("")])


def test_a_plugin_that_ends_before_it_has_read_everything_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "age-plugin-toy").write_text("#!/bin/sh\nexec <&-\nexit 0\n")
    stanzas = [age.Stanza("other", (), bytes(1000))] * 200
    with pytest.raises(age.PluginError, match="exited early"):
        toy_identity("").unwrap(stanzas)


def test_no_process_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sealedfiles.age import plugin

    monkeypatch.setattr(plugin, "_GRACE", 0.1)
    pid_file = tmp_path / "pid"
    (tmp_path / "age-plugin-toy").write_text(
        f"#!/bin/sh\ntrap '' TERM INT\necho $$ >{pid_file}\necho hello\nwhile :; do sleep 1; done\n"
    )
    with pytest.raises(age.PluginError):
        age.encrypt(b"text", [toy_recipient("")])
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_the_private_key_shows_nowhere_by_itself() -> None:
    identity = toy_identity("secret")
    assert identity.text is not None
    assert identity.text not in f"{identity!r} {identity}"
    assert identity.recipient is None

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sealedfiles import age
from sealedfiles.errors import NoKeyError, SealedFilesError
from sealedfiles.keys.identity.locations import config_folder, identities_file
from sealedfiles.keys.identity.sources import Identities, public_name

from .kit import ALICE, BOB, CAROL, MALLORY, Memory, identity

SHELL = pytest.mark.skipif(sys.platform == "win32", reason="the commands are for a POSIX shell")


def text_of(one: age.Identity) -> str:
    assert one.text
    return one.text


def public(one: age.Identity) -> str:
    return str(one.recipient)


def found(identities: Identities) -> list[str]:
    return [public(one) for one in identities]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with identity files: alice, bob, carol and mallory."""
    for name, one in {"alice": ALICE, "bob": BOB, "carol": CAROL, "mallory": MALLORY}.items():
        (tmp_path / name).write_text(f"# public key: {public(one)}\n{text_of(one)}\n")
    return tmp_path


def save_own(one: age.Identity) -> Path:
    path = identities_file()
    path.parent.mkdir(parents=True)
    path.write_text(f"{text_of(one)}\n")
    return path


def command(*, printing: Path, note: Path) -> str:
    """A command line that prints a file and records each run."""
    return f"echo run >>{shlex.quote(str(note))}; cat {shlex.quote(str(printing))}"


def test_there_is_no_identity_initially(home: Path) -> None:
    identities = Identities()
    assert found(identities) == []
    absent = [
        identities_file(),
        home / ".config/sops/age/keys.txt",
        home / ".ssh/id_ed25519",
        home / ".ssh/id_rsa",
    ]
    names = ("KEY", "KEY_FILE", "KEY_CMD")
    variables = [f"{prefix}_{name}" for prefix in ("SEALEDFILES", "SOPS_AGE") for name in names]
    assert identities.report() == [
        "the OS keyring cannot be used: no keyring was found",
        f"not set: {', '.join(variables)}",
        f"not found: {', '.join(map(str, absent))}",
    ]


@SHELL
def test_the_places_in_their_order(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = identity()
    save_own(own)
    monkeypatch.setenv("SEALEDFILES_KEY", text_of(BOB))
    monkeypatch.setenv("SEALEDFILES_KEY_FILE", str(files / "carol"))
    monkeypatch.setenv("SEALEDFILES_KEY_CMD", f"cat {shlex.quote(str(files / 'mallory'))}")
    identities = Identities(str(files / "alice"))
    assert found(identities) == [public(one) for one in (ALICE, BOB, CAROL, MALLORY, own)]
    assert identities.report()[:5] == [
        f"checked --identity {files / 'alice'}: {public(ALICE)}",
        f"checked SEALEDFILES_KEY: {public(BOB)}",
        f"checked SEALEDFILES_KEY_FILE ({files / 'carol'}): {public(CAROL)}",
        f"checked SEALEDFILES_KEY_CMD: {public(MALLORY)}",
        f"checked {identities_file()}: {public(own)}",
    ]


@SHELL
def test_a_later_place_is_not_read_if_an_earlier_one_works(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = files / "note"
    monkeypatch.setenv("SEALEDFILES_KEY", text_of(ALICE))
    monkeypatch.setenv("SEALEDFILES_KEY_CMD", command(printing=files / "bob", note=note))
    identities = Identities()
    assert public(next(iter(identities))) == public(ALICE)
    assert not note.exists()
    assert len(identities.report()) == 1


def test_nothing_is_read_before_it_is_needed(tmp_path: Path) -> None:
    identities = Identities(str(tmp_path / "not there"))
    assert identities.report() == []


@SHELL
def test_a_place_is_read_once(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = files / "note"
    monkeypatch.setenv("SEALEDFILES_KEY_CMD", command(printing=files / "bob", note=note))
    identities = Identities()
    assert found(identities) == found(identities) == [public(BOB)]
    iterators = [iter(identities), iter(identities)]
    assert [public(next(one)) for one in iterators] == [public(BOB)] * 2
    assert note.read_text() == "run\n"


def test_a_file_may_hold_several_keys_and_comments(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"# one\n\n{text_of(ALICE)}\r\n# two\r\n  {text_of(BOB)}  ")
    identities = Identities(str(tmp_path / "keys"))
    assert found(identities) == [public(ALICE), public(BOB)]
    assert identities.report()[0].endswith(f": {public(ALICE)}, {public(BOB)}")


# -- what build machines do to a key


@pytest.mark.parametrize(
    "form",
    [
        "{key}",
        "{key}\n",
        "{key}\r\n",
        "  {key}  ",
        "# public key\\n{key}\\n",
        "# public key\\r\\n{key}\\r\\n",
        "# public key\n{key}",
    ],
)
def test_a_key_in_a_variable_survives(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setenv("SEALEDFILES_KEY", form.format(key=text_of(ALICE)))
    assert found(Identities()) == [public(ALICE)]


@pytest.mark.parametrize("line_end", ["\n", "\\n", "\r\n", "\\r\\n"])
def test_an_ssh_key_in_a_variable(monkeypatch: pytest.MonkeyPatch, line_end: str) -> None:
    pem = Ed25519PrivateKey.from_private_bytes(bytes(32)).private_bytes(
        Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()
    )
    monkeypatch.setenv("SEALEDFILES_KEY", pem.decode().replace("\n", line_end))
    (one,) = Identities()
    assert one.kind == "ssh-ed25519"
    assert public(one).startswith("ssh-ed25519 ")


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SEALEDFILES_KEY", "SEALEDFILES_KEY_FILE", "SEALEDFILES_KEY_CMD"):
        monkeypatch.setenv(name, "")
    identities = Identities("")
    assert found(identities) == []
    assert not [line for line in identities.report() if line.startswith("checked ")]


# -- what goes wrong


def fails(explicit: str | None = None) -> SealedFilesError:
    with pytest.raises(SealedFilesError) as caught:
        list(Identities(explicit))
    return caught.value


@pytest.mark.parametrize("text", ["hunter2", "AGE-SECRET-KEY-1QQQ", "# only a comment"])
def test_a_variable_without_a_key_is_an_error_that_names_it_and_not_what_is_in_it(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SEALEDFILES_KEY", text)
    error = fails()
    assert isinstance(error, NoKeyError)
    assert error.message.startswith("SEALEDFILES_KEY: no usable key")
    assert text not in error.message


def test_no_piece_of_a_damaged_private_key_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    key = text_of(ALICE)
    monkeypatch.setenv("SEALEDFILES_KEY", key[:-1] + ("Q" if key[-1] != "Q" else "P"))
    error = fails()
    said = repr((error, error.message, error.hints))
    secret = key.removeprefix("AGE-SECRET-KEY-1")
    assert not [at for at in range(len(secret) - 8) if secret[at : at + 8] in said]


def test_a_public_key_in_its_place_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALEDFILES_KEY", public(ALICE))
    assert "this is a public key; a private key is required" in fails().message


def test_a_file_that_was_named_and_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "missing"
    assert fails(str(missing)).message.startswith(f"--identity {missing}: cannot be read (")
    monkeypatch.setenv("SEALEDFILES_KEY_FILE", str(missing))
    error = fails()
    assert isinstance(error, NoKeyError)
    assert error.message.startswith(f"SEALEDFILES_KEY_FILE ({missing}): cannot be read (")


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"\xff\xfe\x00")
    assert "(the file is not UTF-8 text)" in fails(str(tmp_path / "keys")).message


def test_a_folder_in_its_place_is_an_error(tmp_path: Path) -> None:
    assert "cannot be read (" in fails(str(tmp_path)).message


@SHELL
def test_a_command_that_fails_is_an_error_with_its_exit_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SEALEDFILES_KEY_CMD", f"echo {text_of(ALICE)}; exit 7")
    error = fails()
    assert error.message == "SEALEDFILES_KEY_CMD failed with exit status 7"
    assert text_of(ALICE) not in repr(error)


@SHELL
@pytest.mark.parametrize("line", ["true", "printf '\\377'", "echo no key"])
def test_a_command_that_prints_no_key_is_an_error(
    monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setenv("SEALEDFILES_KEY_CMD", line)
    error = fails()
    assert isinstance(error, NoKeyError)
    assert error.message.startswith("SEALEDFILES_KEY_CMD: ")


@SHELL
def test_a_command_never_reads_what_git_sends_and_never_writes_what_git_reads() -> None:
    """Both streams carry git's filter protocol."""
    code = (
        "from sealedfiles.keys.identity.sources import Identities\nprint(len(list(Identities())))"
    )
    line = f"cat; echo {text_of(ALICE)}; echo noise >&2"
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=b"the protocol\n",
        env={**os.environ, "SEALEDFILES_KEY_CMD": line},
        capture_output=True,
        check=True,
    )
    assert run.stdout.strip() == b"1"
    assert run.stderr == b"noise\n"


def test_an_identities_file_without_a_usable_key_is_reported_and_no_error() -> None:
    path = identities_file()
    path.parent.mkdir(parents=True)
    for data, trouble in (
        (b"no key\n", "no usable key (line 1: "),
        (b"", "no usable key (there is no private key in the file)"),
        (b"\xff", "no usable key (the file is not UTF-8 text)"),
    ):
        path.write_bytes(data)
        identities = Identities()
        assert found(identities) == []
        assert identities.report()[0].startswith(f"checked {path}: {trouble}")


def test_no_private_key_shows_in_what_is_printed_of_identities(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALEDFILES_KEY", text_of(ALICE))
    identities = Identities(str(files / "bob"))
    found(identities)
    shown = [repr(identities), repr(vars(identities)), *identities.report()]
    for one in (ALICE, BOB):
        assert not any(text_of(one)[16:] in text for text in shown)
        assert public(one) in "".join(shown)


# -- names and places


def test_a_long_public_key_is_cut_in_the_middle() -> None:
    one = age.generate_identity()
    name = public_name(one)
    assert name == f"{public(one)[:24]}…{public(one)[-8:]}"
    assert public_name(ALICE) == public(ALICE)


def test_an_identity_without_a_public_half_has_a_name_too() -> None:
    from sealedfiles.age import ScryptIdentity

    assert public_name(ScryptIdentity("secret")) == "a key with an unknown public key"


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, ".config/sealedfiles"),
        ("linux", {"XDG_CONFIG_HOME": "{home}/elsewhere"}, "elsewhere/sealedfiles"),
        ("linux", {"XDG_CONFIG_HOME": ""}, ".config/sealedfiles"),
        ("darwin", {}, "Library/Application Support/sealedfiles"),
        ("darwin", {"XDG_CONFIG_HOME": "{home}/.config"}, ".config/sealedfiles"),
        ("win32", {}, "AppData/Roaming/sealedfiles"),
        ("win32", {"APPDATA": "{home}/Roaming"}, "Roaming/sealedfiles"),
    ],
)
def test_the_folder_of_settings_of_each_platform(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    variables: dict[str, str],
    expected: str,
) -> None:
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home=home))
    monkeypatch.setattr(sys, "platform", platform)
    assert config_folder() == home / expected
    assert identities_file() == home / expected / "identities"


def test_a_container_whose_user_has_no_home_can_use_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")

    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(pathlib.Path, "home", unknown)
    monkeypatch.setenv("SEALEDFILES_KEY", text_of(ALICE))
    assert found(Identities()) == [public(ALICE)]


@SHELL
def test_a_command_that_fails_leaves_no_key_which_is_exit_status_3(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SEALEDFILES_KEY_CMD", "exit 7")
    assert fails().exit_code == 3


# -- what others left: SOPS's keys and SSH keys


@SHELL
def test_the_places_of_others_come_after_our_own_and_the_keyring_is_the_last(
    home: Path, files: Path, monkeypatch: pytest.MonkeyPatch, keyring: Memory
) -> None:
    own, sops, kept = identity(), identity(), identity()
    save_own(own)
    monkeypatch.setenv("SOPS_AGE_KEY", f"{text_of(ALICE)} {text_of(BOB)}")
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(files / "carol"))
    monkeypatch.setenv("SOPS_AGE_KEY_CMD", f"cat {shlex.quote(str(files / 'mallory'))}")
    (home / ".config/sops/age").mkdir(parents=True)
    (home / ".config/sops/age/keys.txt").write_text(f"{text_of(sops)}\n")
    ssh = save_ssh_key(home)
    keyring.set_password("sealedfiles", "identities", f"{text_of(kept)}\n")
    identities = Identities()
    expected = [public(one) for one in (own, ALICE, BOB, CAROL, MALLORY, sops)]
    assert found(identities) == [*expected, ssh, public(kept)]
    assert f"checked the OS keyring: {public(kept)}" in identities.report()
    assert f"checked SOPS_AGE_KEY: {public(ALICE)}, {public(BOB)}" in identities.report()


@SHELL
def test_only_what_was_made_for_sealedfiles_is_our_own(
    home: Path, monkeypatch: pytest.MonkeyPatch, keyring: Memory
) -> None:
    own, kept = identity(), identity()
    path = save_own(own)
    monkeypatch.setenv("SEALEDFILES_KEY", text_of(ALICE))
    monkeypatch.setenv("SOPS_AGE_KEY", text_of(BOB))
    save_ssh_key(home)
    keyring.set_password("sealedfiles", "identities", f"{text_of(kept)}\n")
    identities = Identities()
    assert len(found(identities)) == 5
    assert [(public(one), place) for one, place in identities.own()] == [
        (public(ALICE), "SEALEDFILES_KEY"),
        (public(own), str(path)),
        (public(kept), "the OS keyring"),
    ]


def test_the_keyring_is_not_used_if_an_earlier_place_works(
    monkeypatch: pytest.MonkeyPatch, keyring: Memory
) -> None:
    save_own(ALICE)
    assert public(next(iter(Identities()))) == public(ALICE)
    assert keyring.reads == 0


@SHELL
def test_without_prompts_no_command_and_no_keyring_is_used(
    files: Path, monkeypatch: pytest.MonkeyPatch, keyring: Memory
) -> None:
    note = files / "note"
    save_own(BOB)
    for name in ("SEALEDFILES_KEY_CMD", "SOPS_AGE_KEY_CMD"):
        monkeypatch.setenv(name, command(printing=files / "carol", note=note))
    monkeypatch.setenv("SEALEDFILES_KEY", text_of(ALICE))
    identities = Identities()
    assert [public(one) for one in identities.without_prompt()] == [public(ALICE), public(BOB)]
    assert keyring.reads == 0
    assert not note.exists()
    assert len(found(identities)) == 3, "they are looked at when everything is asked for"


@SHELL
@pytest.mark.parametrize(
    ("name", "value", "trouble"),
    [
        ("SOPS_AGE_KEY", "nonsense", "checked SOPS_AGE_KEY: no usable key ("),
        ("SOPS_AGE_KEY_FILE", "/missing", "checked SOPS_AGE_KEY_FILE (/missing): cannot be read"),
        ("SOPS_AGE_KEY_CMD", "false", "SOPS_AGE_KEY_CMD failed with exit status 1"),
        ("SOPS_AGE_KEY_CMD", "no-such-program", "checked SOPS_AGE_KEY_CMD: cannot be read"),
        ("SOPS_AGE_KEY_CMD", "echo 'half", "checked SOPS_AGE_KEY_CMD: unbalanced quotes"),
    ],
)
def test_an_unusable_key_for_sops_is_not_an_error(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, trouble: str
) -> None:
    monkeypatch.setenv(name, value)
    identities = Identities()
    assert found(identities) == []
    assert [line for line in identities.report() if line.startswith(trouble)]


@SHELL
def test_the_command_of_sops_is_run_without_a_shell(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY_CMD", f"cat '{files / 'alice'}' $HOME; echo")
    assert found(Identities()) == []


@SHELL
def test_a_command_runs_once_in_a_process(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One command decrypts files in many folders, and searches for identities for each."""
    note = files / "note"
    monkeypatch.setenv("SEALEDFILES_KEY_CMD", command(printing=files / "bob", note=note))
    assert found(Identities()) == found(Identities()) == [public(BOB)]
    assert note.read_text() == "run\n"


def test_a_named_place_that_cannot_be_used_stays_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALEDFILES_KEY", "nonsense")
    identities = Identities()
    for _ in range(2):
        with pytest.raises(NoKeyError):
            list(identities)
    assert identities.report()[0].startswith("checked SEALEDFILES_KEY: no usable key")


@pytest.mark.parametrize("kind", ["ecdsa", "ed25519-sk"])
def test_an_ssh_key_that_age_cannot_use_is_no_error(home: Path, tmp_path: Path, kind: str) -> None:
    from age.programs import ssh_keygen

    if kind != "ecdsa":
        text = "-----BEGIN OPENSSH PRIVATE KEY-----\nnonsense\n-----END OPENSSH PRIVATE KEY-----\n"
    else:
        text = ssh_keygen(tmp_path, "-t", kind)[0]
    (home / ".ssh").mkdir()
    (home / ".ssh/id_rsa").write_text(text)
    identities = Identities()
    assert found(identities) == []
    assert identities.report()[0].startswith(f"checked {home / '.ssh/id_rsa'}: no usable key")


def save_ssh_key(home: Path) -> str:
    """Generate ~/.ssh/id_ed25519; return the public key."""
    from age.programs import ssh_keygen

    folder = home / ".ssh"
    folder.mkdir(mode=0o700)
    _, public_text = ssh_keygen(folder, "-t", "ed25519")
    (folder / "id").rename(folder / "id_ed25519")
    return str(age.parse_recipient(public_text))


# -- files that others can read


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_warned_of_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: int
) -> None:
    path = tmp_path / "my keys"
    path.write_text(f"{text_of(ALICE)}\n")
    path.chmod(mode)
    for _ in range(2):
        assert found(Identities(str(path))) == [public(ALICE)]
    said = capsys.readouterr().err
    if mode & 0o077:
        assert said == (
            f"sealedfiles: warning: the private key in {path} is readable by other users of this machine\n"
            f"hint: make it private: chmod 600 '{path}'\n"
        )
    else:
        assert said == ""


# -- what a git filter pays for


def test_neither_keyring_nor_click_nor_passphrases_are_imported_before_they_are_needed() -> None:
    save_own(ALICE)
    code = (
        "import sys\nfrom sealedfiles.keys.identity.sources import Identities\n"
        "def loaded():\n"
        "    heavy = ('keyring', 'click', 'secretstorage', 'subprocess', 'bcrypt')\n"
        "    return [name for name in heavy if name in sys.modules]\n"
        "identities = Identities()\n"
        "print('sealedfiles.age.keys' in sys.modules, loaded())\n"
        "next(iter(identities))\nprint(loaded())\n"
        "list(identities)\nprint('keyring' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False []\n[]\nTrue\n"


@pytest.mark.parametrize("name", ["SEALEDFILES_KEY_FILE", "SEALEDFILES_KEY_CMD", "--identity"])
def test_the_text_of_a_key_is_no_file_and_no_command(
    monkeypatch: pytest.MonkeyPatch, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    text = f"# created: today\n{text_of(BOB)}"
    if not name.startswith("--"):
        monkeypatch.setenv(name, text)
    identities = Identities(text if name.startswith("--") else None)
    with pytest.raises(NoKeyError, match=f"{name} contains the text of a private key") as caught:
        list(identities)
    assert "SEALEDFILES_KEY" in caught.value.hints[0]
    assert text_of(BOB) not in repr((caught.value, caught.value.hints, identities.report()))
    assert capfd.readouterr() == ("", "")


def test_the_text_of_a_key_in_a_variable_of_sops_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", text_of(BOB))
    identities = Identities()
    assert public(BOB) not in found(identities)
    (line,) = [one for one in identities.report() if "SOPS_AGE_KEY_FILE" in one]
    assert "the variable SOPS_AGE_KEY" in line
    assert text_of(BOB) not in line

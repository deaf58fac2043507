"""What is loaded when, and what happens where a part of ``cryptography`` is missing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from sealedfiles import age
from sealedfiles.age import hybrid

from .kit import recipient_of

CLASSIC = age.generate_identity(post_quantum=False)


def loaded_after(code: str) -> set[str]:
    """Return the modules that a fresh Python has loaded after running *code*."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_the_key_derivation_loads_nothing_of_cryptography() -> None:
    loaded = loaded_after("from sealedfiles.age.hkdf import hkdf_sha256")
    assert not [name for name in loaded if name.startswith("cryptography")]
    assert "sealedfiles.age.file" not in loaded


def test_parsing_a_key_loads_nothing_of_cryptography() -> None:
    loaded = loaded_after(
        "from sealedfiles import age\n"
        f"age.parse_identity({CLASSIC.text!r})\n"
        f"age.parse_recipient({str(CLASSIC.recipient)!r})"
    )
    assert not [name for name in loaded if name.startswith("cryptography")]
    assert "subprocess" not in loaded


def test_decrypting_with_one_kind_of_key_loads_no_other_kind() -> None:
    sealed = age.encrypt(b"text", [recipient_of(CLASSIC)])
    loaded = loaded_after(
        "from sealedfiles import age\n"
        f"age.decrypt({sealed!r}, [age.parse_identity({CLASSIC.text!r})])"
    )
    ours = {name for name in loaded if name.startswith("sealedfiles.age.")}
    for module in ("hybrid", "plugin", "scrypt", "ssh", "ssh_identity", "tag", "terminal"):
        assert f"sealedfiles.age.{module}" not in ours
    assert "cryptography.hazmat.primitives.serialization.ssh" not in loaded


def test_every_public_name_is_there() -> None:
    for name in age.__all__:
        assert getattr(age, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = age.nonsense


def test_every_error_is_an_age_error() -> None:
    errors = [getattr(age, name) for name in age.__all__ if name.endswith("Error")]
    assert all(issubclass(error, age.AgeError) for error in [*errors, age.NoIdentityMatch])
    assert age.AgeError.__base__ is Exception


@pytest.fixture(params=["no module", "no ML-KEM in OpenSSL"])
def _without_mlkem(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    hybrid._suite.cache_clear()
    if request.param == "no module":
        for name in ("hpke", "asymmetric.mlkem"):
            monkeypatch.setitem(sys.modules, f"cryptography.hazmat.primitives.{name}", None)
        return

    from cryptography.hazmat.primitives.asymmetric import mlkem

    def unsupported(*_args: object) -> None:
        raise UnsupportedAlgorithm("ML-KEM is not supported")

    for name, method in (
        ("MLKEM768PublicKey", "from_public_bytes"),
        ("MLKEM768PrivateKey", "from_seed_bytes"),
    ):
        monkeypatch.setattr(getattr(mlkem, name), method, unsupported)


@pytest.mark.usefixtures("_without_mlkem")
def test_without_ml_kem_the_error_says_what_to_install() -> None:
    identity = age.generate_identity()
    sealed = age.encrypt(b"text", [recipient_of(CLASSIC)])
    stanza = age.Stanza("mlkem768x25519", ("A" * 1494,), bytes(32))
    for act in (
        lambda: identity.recipient,
        lambda: identity.unwrap([stanza]),
        lambda: hybrid.HybridRecipient(bytes(1216)).wrap(bytes(16)),
    ):
        with pytest.raises(age.UnsupportedKeyError, match="ML-KEM") as failure:
            act()
        assert "cryptography 48" in failure.value.hints[0]
    assert age.decrypt(sealed, [identity, CLASSIC]) == b"text"

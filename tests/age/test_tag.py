from __future__ import annotations

from base64 import b64decode

import pytest

from sealedfiles import age
from sealedfiles.age import bech32

from .kit import FILE_KEY, recipient_of
from .programs import program

# The recipients of age's own plugin for testing, age-plugin-tagtest.
CLASSIC = "age1tag1qwe0kafsjrar4txm6heqnhpfuggzr0gvznz7fvygxrlq90u5mq2pysxtw6h"
HYBRID = (
    "age1tagpq14h4z7cks9sxftfc8tq4xektt4854ur9rv76tvujdvtzk2fmyywkvh9z2emz3x4epvhz7qdt2v7uksyyq"
    "2cdzf3k04ny0g5sc3u4heqh3r9v4cnwhfjw0a2azpgmnk9xk02wvywt5szcq6q3jvwsjxvkn3tsk52vqjczdcvc398"
    "ym4j6cvqas4w99gkgt7ur3fmt4g873phr23tgxw3f7wgsz9zxz7m8cp27vpq3h5vc8nssjemtr2etmtmqkg4fzn2u9"
    "x9zvtysuya5yrytgx482ftx9864h8a6pprarxd3d0qe8nw2at5ekg3tsahtef7kawasxjamyckw2ans6v933vuypcf"
    "rra32f89r2v72mka9hhc55s49xe2khfsq7w9r2zynuzfx4fg6v7jjncsc87rw2yy8qp8hr27edus6zw5xd6m3hax2n"
    "xhl2dys9792z3wp5c034sfkrxe86guj7pfdh7sytzrufl9euhuhyf9w6c7z2nwf7v5v8f2s4gplgvfx4jj4le22k2q"
    "n242qkqkcwx7llfyrct7jm2wcv0ytypeh6h93ezgtd7q6zr428qze3dec5jxlc5xxjetyephp42fljft3s02p0570k"
    "jwyfeyjcnks2vglkvyus5g9l4z6m0gf8wu22ygfm40028txwjlxvvgnn7c36z783c6tmc9k5nef8nucj6u3ustff5v"
    "htnzhnscsvsz79wzrkv3sujtntx4wezucy6lp49flmnyydn3khk2xsesw0ekn4u44nzqw2g2rjyrrl7crshlzttgpe"
    "0jvqycjzp9kmtz23t3yu0w9j4n344nnrf88k2jqqfpjxte38pcn0epr879pqsuvajxrkmsas89pvfrzwcewneujn08"
    "guj5pvvrtn5hzzg2y6u4wwjqqxx4x8w65yc4dchf750dft8kgcttt2f6j0j5v8s7tkaua78tte7artdfar544vl0ra"
    "u79h95mc4ghp887z82s6rq93txpkvan86n963kagqkldngnkjcn28zdrh38vdxj002zqs9mx7zjvg3ynzdfhfakkyn"
    "t9fyqpaxpsdrsqrycuhw5ykwgjz6wldef7xtu6p689234hstxe7v8e5422f2dy8ystn57z3fvy9yfrm4t3lye6ejk5"
    "n6x8zqexmql7lx965xcxuuy38xzyt8j9qprnwgfqgx54l4tnjdpzdde6xgmwtnpkfwvyr7rkgnavvjn6a3e56wtvjx"
    "3evmhjjxvukpq5zqrj0s4sntkz3yeszs5dty8q0q6m7dgp6mjpvaer0c4343g72eycfqzkjupeaemh0n8e935hqs8f"
    "h3jgk7fzyxctzuqlx6d2q9jaf8r9wu4sjxj5w6ppw7m9c3hxrzpcv2uek3kxnndgf2hd99q9v2ux8pjkv29ntslvnv"
    "hy09dvcy9578rt89gf4cj4cu79zjxtlj3dpct6rjme02zj3qspsade96njkkufu9zuq2lk3qwvddpxjkqm2hnpqwck"
    "54zug7ctvkgvk325lwkg4q5rf73zkgys5e9y8jqc96ntdyl4r78lgtw4k5uljk5ttf46s3gc0rq0jwmddnxt875tww"
    "q92505zh3zkse5ag2dhjjxyfzkn7xv3j0kv9r3jzpvgep8fq6z8mar509u4fvnhvthp2ah0r45lsyq0mm6fwkcs30v"
    "8k9wzvgt6uvcty6qsjvarjs3htym69zu43m4jd3k4tllrr8c05v6p6spuhup4hkk2p9fp9lxafe3pntcn4nk83gzhj"
    "jpcjwyg7jcyz5uancu0fakgz27up7ymzp2xv3sqyqewkkqynskw9qkvysrncxj0cy7dt6q8dsseuwmc2urfmcvkykf"
    "82wfa54t85hqx8gywhmhzunm2x0d66a4pwl0xl78fhkces5dpq8pfnp35m5a3u8vdam64zx5s5x9cmnrx3zr066f4f"
    "8hlecqnq2fd5quw79ljg3q5nvs6ggmm4gkc"
)


@pytest.mark.parametrize(
    ("text", "kind", "enc_size", "post_quantum"),
    [(CLASSIC, "p256tag", 65, False), (HYBRID, "mlkem768p256tag", 1153, True)],
    ids=["classic", "hybrid"],
)
def test_a_stanza_has_tag_and_encapsulated_key(
    text: str, kind: str, enc_size: int, post_quantum: bool
) -> None:
    recipient = age.parse_recipient(text)
    assert (recipient.kind, recipient.post_quantum) == (kind, post_quantum)
    (stanza,) = recipient.wrap(FILE_KEY)
    tag, enc = (b64decode(arg + "=" * (-len(arg) % 4)) for arg in stanza.args)
    assert stanza.type == recipient.stanza_type == kind
    assert (len(tag), len(enc), len(stanza.body)) == (4, enc_size, 32)


@pytest.mark.parametrize("text", [CLASSIC, HYBRID], ids=["classic", "hybrid"])
def test_the_plugin_of_age_decrypts_it(text: str) -> None:
    program("age-plugin-tagtest")
    identity = age.parse_identity(bech32.encode("AGE-PLUGIN-TAGTEST-", b""))
    sealed = age.encrypt(b"text", [age.parse_recipient(text)])
    assert age.decrypt(sealed, [identity]) == b"text"


def test_only_post_quantum_recipients_stand_beside_the_hybrid() -> None:
    classic, hybrid = age.generate_identity(post_quantum=False), age.generate_identity()
    recipient = age.parse_recipient(HYBRID)
    assert age.decrypt(age.encrypt(b"x", [recipient, recipient_of(hybrid)]), [hybrid]) == b"x"
    with pytest.raises(age.RecipientError):
        age.encrypt(b"x", [recipient, recipient_of(classic)])
    with pytest.raises(age.RecipientError):
        age.encrypt(b"x", [recipient, age.parse_recipient(CLASSIC)])


@pytest.mark.parametrize(
    ("hrp", "key"),
    [
        ("age1tag", bytes(32)),
        ("age1tag", bytes(65)),
        ("age1tagpq", bytes(1184 + 33)),
        ("age1tagpq", bytes(1250)),
    ],
)
def test_a_key_of_another_length_is_refused(hrp: str, key: bytes) -> None:
    with pytest.raises(age.KeyTextError):
        age.parse_recipient(bech32.encode(hrp, key))


@pytest.mark.parametrize(
    ("hrp", "key"),
    [
        ("age1tag", b"\2" + b"\xff" * 32),
        ("age1tag", bytes(33)),
        ("age1tagpq", bytes(1184) + b"\4" + bytes(64)),
        ("age1tagpq", b"\xff" * 1184 + bech32.decode(HYBRID)[1][1184:]),
        ("age1tagpq", bech32.decode(HYBRID)[1][:1184] + b"\4" + b"\1" * 64),
    ],
)
def test_nothing_is_encrypted_to_a_key_that_is_none(hrp: str, key: bytes) -> None:
    with pytest.raises(age.RecipientError):
        age.encrypt(b"", [age.parse_recipient(bech32.encode(hrp, key))])

"""The targets of `push` in a policy: what they name, and what is refused."""

from __future__ import annotations

import pytest

from sealedfiles.errors import PolicyError, UsageError
from sealedfiles.model.plain_yaml import compose
from sealedfiles.model.policy import parse_policy
from sealedfiles.model.policy_changes import differences, only_tracks_more
from sealedfiles.model.targets import SCHEMES, StoreUrl, Target, parse_url

HEAD = "version: 1\ntracked: []\n"
POLICY = f"""\
{HEAD}targets:
  production:
    to: vault://secret/orders/production
    from: secrets/app.yaml
    keys: production.**
    names:
      production.pin: PIN
    prefix: APP_
  ci:
    to: github://shop/orders?env=production
    from:
      - secrets/app.yaml
      - .env
"""


def targets(text: str) -> dict[str, Target]:
    return parse_policy(text.encode()).targets


def test_a_target_names_files_values_and_a_store() -> None:
    assert targets(POLICY) == {
        "production": Target(
            "production",
            StoreUrl("vault", ("secret", "orders", "production")),
            "vault://secret/orders/production",
            ("secrets/app.yaml",),
            keys=("production.**",),
            names=((("production", "pin"), "PIN"),),
            prefix="APP_",
        ),
        "ci": Target(
            "ci",
            StoreUrl("github", ("shop", "orders"), (("env", "production"),)),
            "github://shop/orders?env=production",
            ("secrets/app.yaml", ".env"),
        ),
    }


def test_a_policy_with_targets_is_read_without_pyyaml() -> None:
    """The filter reads it each time."""
    assert compose(POLICY.encode()) is not None


def test_a_policy_without_targets_has_none() -> None:
    assert targets(HEAD) == {}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("k8s://shop/orders-env", StoreUrl("k8s", ("shop", "orders-env"))),
        ("aws-sm://eu-west-1/prod/orders", StoreUrl("aws-sm", ("eu-west-1", "prod", "orders"))),
        (
            "gitlab://a/b/c?scope=review/*&host=git.example.org",
            StoreUrl(
                "gitlab", ("a", "b", "c"), (("host", "git.example.org"), ("scope", "review/*"))
            ),
        ),
        ("github://o/r?env=my%20env", StoreUrl("github", ("o", "r"), (("env", "my env"),))),
    ],
)
def test_urls(url: str, expected: StoreUrl) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "vault://secret",
        "vault://secret/",
        "vault:///a/b",
        "vault://secret/../sys/raw",
        "vault://user:password@host/secret/a",
        "vault://secret/a?namespace=x",
        "k8s://a/b/c",
        "github://o/r?env=",
        "github://o/r?env=a&env=b",
        "github://o/r?env",
        "https://vault.example.org/v1/secret",
        "file:///etc/passwd",
        "aws-sm://eu-west-1/a b",
        "k8s://ns/name#x",
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(UsageError):
        parse_url(url)


def test_the_form_in_each_message_is_a_url() -> None:
    for name, scheme in SCHEMES.items():
        assert parse_url(scheme.form.partition("[")[0]).scheme == name


@pytest.mark.parametrize(
    ("target", "line", "words"),
    [
        ("x: {from: a}", 4, "needs `to`"),
        ("x: {to: k8s://a/b}", 4, "needs `from`"),
        ("x: {to: k8s://a/b, from: []}", 4, "at least one"),
        ("x: {to: k8s://a/b, from: a, keys: []}", 4, "at least one"),
        ("x: {to: k8s://a/b, from: /etc/passwd}", 4, "relative"),
        ("x: {to: k8s://a/b, from: a/../../b}", 4, "relative"),
        ("x: {to: k8s://a, from: a}", 4, "k8s://NAMESPACE/NAME"),
        ("x: {to: k8s://a/b, from: a, token: s}", 4, "unknown key"),
        ("x:\n    to: k8s://a/b\n    from: a\n    prefix: 1X", 7, "prefix"),
        ("x:\n    to: k8s://a/b\n    from: a\n    keys: 'a..b'", 7, "pattern"),
        ("x: {to: k8s://a/b, from: a, names: {'a[': X}}", 4, "not a valid path"),
        ("x: {to: k8s://a/b, from: a, names: {a: 'b c'}}", 4, "no blanks"),
        ("x: {to: k8s://a/b, from: a, as: json}", 4, "not possible"),
        ("x: {to: aws-sm://r/b, from: a, as: yaml}", 4, "json or keys"),
        ("x: {to: azure-kv://v/b, from: a, as: keys}", 4, "must be json"),
        ("X: {to: k8s://a/b, from: a}", 4, "name of a target"),
        ("x: k8s://a/b", 4, "mapping"),
        ("x: {to: k8s://a/b, from: a}\n  y: {to: k8s://a/b, from: b}", 5, "the target x has this"),
    ],
)
def test_an_invalid_target_is_an_error_with_its_line(target: str, line: int, words: str) -> None:
    policy = parse_policy(f"{HEAD}targets:\n  {target}\n".encode())
    with pytest.raises(PolicyError, match=f"^policy.yaml:{line}: ") as error:
        _ = policy.targets
    assert words in error.value.message


@pytest.mark.parametrize(
    ("url", "form", "expected"),
    [
        ("aws-sm://r/n", "", True),
        ("aws-sm://r/n", ", as: keys", False),
        ("aws-ssm://r/n", "", False),
        ("aws-ssm://r/n", ", as: json", True),
        ("aws-sm://r/n", ", as: json", True),
        ("gcp-sm://p/n", "", True),
        ("gcp-sm://p/n", ", as: json", True),
        ("gcp-sm://p/n", ", as: keys", False),
        ("azure-kv://v/n", "", True),
        ("azure-kv://v/n", ", as: json", True),
        ("vault://m/p", ", as: keys", False),
    ],
)
def test_one_secret_holds_all_values_if_the_store_or_the_target_says_so(
    url: str, form: str, expected: bool
) -> None:
    assert targets(f"{HEAD}targets: {{x: {{to: '{url}', from: a{form}}}}}")["x"].as_json is expected


def test_a_changed_target_is_named_and_is_no_change_that_only_tracks_more() -> None:
    old = parse_policy(POLICY.encode())
    new = parse_policy(POLICY.replace("shop/orders", "mallory/orders").encode())
    assert not only_tracks_more(new, old)
    assert differences(new, old) == [
        "- target ci: to: github://shop/orders?env=production, from: secrets/app.yaml .env",
        "+ target ci: to: github://mallory/orders?env=production, from: secrets/app.yaml .env",
    ]
    assert differences(old, parse_policy(HEAD.encode()))[0] == (
        "+ target production: to: vault://secret/orders/production, from: secrets/app.yaml, "
        "keys: production.**, names: production.pin=PIN, prefix: APP_"
    )


def test_the_same_targets_on_other_lines_are_no_change() -> None:
    old = parse_policy(POLICY.encode())
    assert only_tracks_more(parse_policy(POLICY.replace("[]", "\n  - x").encode()), old)


def test_invalid_targets_are_a_change() -> None:
    policy = parse_policy(f"{HEAD}targets: [x]\n".encode())
    assert not only_tracks_more(policy, policy)
    assert differences(policy, parse_policy(HEAD.encode())) == [
        "+ targets: policy.yaml:3: expected a mapping"
    ]


def test_a_policy_with_aliases_costs_a_bounded_amount_of_work() -> None:
    """Anyone with push access can write one, and `git add` names what has changed in it."""
    many = ", ".join(["a"] * 20_000)
    for list_of, count, words in ((f"[{many}]", 100, "at most 500"), ("[a]", 999, "than 500")):
        more = "".join(f"  t{n}: {{to: k8s://a/b{n}, from: *f}}\n" for n in range(count))
        text = f"{HEAD}targets:\n  first: {{to: k8s://a/b, from: &f {list_of}}}\n{more}"
        policy = parse_policy(text.encode())
        with pytest.raises(PolicyError, match=words):
            _ = policy.targets


@pytest.mark.parametrize(
    ("url", "form", "words"),
    [
        ("aws-ssm://r/a/b", ", as: json", "to: aws-ssm://r/a/b, from: a, as: json"),
        ("aws-sm://r/n", ", as: keys", "to: aws-sm://r/n, from: a, as: keys"),
        ("aws-sm://r/n", ", as: json", "to: aws-sm://r/n, from: a"),
    ],
)
def test_a_target_on_one_line(url: str, form: str, words: str) -> None:
    assert targets(f"{HEAD}targets: {{x: {{to: '{url}', from: a{form}}}}}")["x"].words == words


def test_the_parts_of_a_url() -> None:
    url = parse_url("vault://kv/orders/production/eu")
    assert (url.first, url.rest, url.option("env")) == ("kv", "orders/production/eu", "")
    assert parse_url("github://o/r?env=prod").option("env") == "prod"

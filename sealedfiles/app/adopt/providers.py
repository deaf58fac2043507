"""The pages on which the owner of a token changes it, for known kinds of tokens."""

from __future__ import annotations

from sealedfiles.light_typing import NamedTuple


class Provider(NamedTuple):
    """Who issued a token."""

    name: str
    page: str


_PREFIXES = (
    (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        Provider("GitHub", "https://github.com/settings/tokens"),
    ),
    (
        ("glpat-", "gldt-", "glrt-", "glptt-"),
        Provider("GitLab", "https://gitlab.com/-/user_settings/personal_access_tokens"),
    ),
    (("AKIA", "ASIA"), Provider("AWS", "https://console.aws.amazon.com/iam/")),
    (("AIza",), Provider("Google Cloud", "https://console.cloud.google.com/apis/credentials")),
    (
        ("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xapp-"),
        Provider("Slack", "https://api.slack.com/apps"),
    ),
    (("https://hooks.slack.com/",), Provider("Slack", "https://api.slack.com/apps")),
    (
        ("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"),
        Provider("Stripe", "https://dashboard.stripe.com/apikeys"),
    ),
    (("sk-ant-",), Provider("Anthropic", "https://console.anthropic.com/settings/keys")),
    (("sk-proj-", "sk-svcacct-"), Provider("OpenAI", "https://platform.openai.com/api-keys")),
    (("SG.",), Provider("SendGrid", "https://app.sendgrid.com/settings/api_keys")),
    (("npm_",), Provider("npm", "https://www.npmjs.com/settings/~/tokens")),
    (("pypi-",), Provider("PyPI", "https://pypi.org/manage/account/token/")),
    (
        ("dckr_pat_",),
        Provider("Docker Hub", "https://app.docker.com/settings/personal-access-tokens"),
    ),
    (("hf_",), Provider("Hugging Face", "https://huggingface.co/settings/tokens")),
    (("dop_v1_",), Provider("DigitalOcean", "https://cloud.digitalocean.com/account/api/tokens")),
    (("shpat_", "shpss_"), Provider("Shopify", "https://partners.shopify.com/")),
)
_SHORTEST = 16
"""Characters: a shorter text is not a token."""


def provider_of(text: str) -> Provider | None:
    """Return the provider that issued the token *text*; None if it is not known."""
    if len(text) < _SHORTEST or len(text.split()) != 1:
        return None
    return next((provider for begins, provider in _PREFIXES if text.startswith(begins)), None)

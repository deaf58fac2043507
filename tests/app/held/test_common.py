"""Which configuration values are so common that they are not searched for."""

from __future__ import annotations

import pytest

from sealedfiles.app.held.common import is_common

COMMON = """
localhost Production information
http://localhost:8000 https://localhost/ http://localhost:3000/api ws://127.0.0.1:9000 localhost:5432
redis://localhost:6379/0 postgres://localhost/orders http://[::1]:8080 0.0.0.0:8080
eu-central-1 us-east-1a us-gov-west-1 ap-northeast-1 europe-west1 us-central1-f westeurope eastus2
Europe/Berlin America/New_York America/Argentina/Buenos_Aires America/Port-au-Prince US/Eastern
en_US.UTF-8 de_DE.utf8 pt-BR.iso-8859-1
application/json application/x-www-form-urlencoded application/vnd.api+json image/svg+xml text/html
text/html;charset=utf-8
YYYY-MM-DD dd.MM.yyyy yyyy-MM-dd'T'HH:mm:ss YYYYMMDDHHmmss %Y-%m-%d %Y-%m-%dT%H:%M:%SZ
/usr/local/bin /var/lib/postgresql/data /etc/nginx/conf.d /usr/local/bin:/usr/bin:/bin /run/secrets/db_password
postgres:16-alpine node:20.11-slim
ref+vault://secret/app#password ref+op://Private/db/password ref+aws-sm://eu-central-1/prod/db ref+env://HOME
"""

NOT_COMMON = """
http://user:hunter2@localhost:8000 redis://:hunter2@localhost:6379/0 http://token@localhost
http://localhost:8000/hooks/T024BE7LD http://localhost:8000/?token=hunter http://localhost/hunter2hunter2
http://localhost.example.org http://localhost:8000#hunter2 http://10.0.0.7:8000
eu-central-123 eu-hunter-1 europe-hunter2 westhunter us-central1-f-hunter2
Europe/hunter2 Europe/Berlin1 Hunter/Berlin Europe/Berlin/Hunter US/Hunter
en_US.hunter2 application/json/hunter2 application/hunter2 text/hunter image/Xk29fjQ
YYYY-MM-DD-hunter hunterYYYY %Y-%m-%d-hunter2 YYYYhunter %x%q%w%e
/usr/local/hunter2 /services/T024BE7LD/B024 /app/hidden-admin /usr/Hunter/pass /usr/local/bin:hunter
postgres:16 postgres:hunter2 postgres:hunter-alpine admin:1234-slimy
ref+hunter2://x ref+vault:hunter2 ref+env://$hunter2
correcthorsebattery hunter2hunter2 Passw0rd! P@ssw0rd/1
"""


@pytest.mark.parametrize("text", COMMON.split())
def test_common_settings(text: str) -> None:
    assert is_common(text.encode())


@pytest.mark.parametrize("text", NOT_COMMON.split())
def test_a_value_that_may_be_a_secret_is_not_common(text: str) -> None:
    assert not is_common(text.encode())


def test_only_the_whole_value_is_common() -> None:
    for text in COMMON.split():
        assert not is_common(f"{text}\nhunter2-alpha".encode())
        assert not is_common(f"hunter2-alpha {text}".encode())

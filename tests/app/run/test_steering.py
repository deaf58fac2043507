"""Variables that make programs load code are distinguished from ordinary variables."""

from __future__ import annotations

import pytest

from sealedfiles.app.run.steering import steers


@pytest.mark.parametrize(
    "name",
    [
        *("LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "PATH", "ld_preload", "PYTHONSTARTUP", "BASH_ENV"),
        *(
            "MAKEFLAGS",
            "VIMINIT",
            "GTK_MODULES",
            "LUA_INIT_5_4",
            "npm_config_node_options",
            "JAVA_OPTS",
        ),
        *("BUN_OPTIONS", "PYTEST_PLUGINS", "NODE_REPL_EXTERNAL_MODULE", "DOTNET_ADDITIONAL_DEPS"),
        *("RUSTC_WRAPPER", "GUNICORN_CMD_ARGS", "FZF_DEFAULT_COMMAND", "RIPGREP_CONFIG_PATH"),
        *(
            "SEALEDFILES_KEY_CMD",
            "SOPS_AGE_KEY_CMD",
            "SSLKEYLOGFILE",
            "KUBECONFIG",
            "GIT_SSH_COMMAND",
        ),
        *("PIP_INDEX_URL", "RESTIC_PASSWORD_COMMAND", "BORG_RSH", "ComSpec", "GITHUB_PATH"),
    ],
)
def test_a_variable_that_makes_programs_load_code(name: str) -> None:
    assert steers(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "PORT",
            "NODE_ENV",
            "RAILS_ENV",
            "DATABASE_URL",
            "LOG_PATH",
            "FEATURE_FLAGS",
            "API_KEY",
            "TZ",
        ),
        *("PYTHONUNBUFFERED", "DOTNET_ENVIRONMENT", "GIT_COMMIT", "UV_THREADPOOL_SIZE"),
    ],
)
def test_a_variable_that_programs_merely_read(name: str) -> None:
    assert not steers(name)

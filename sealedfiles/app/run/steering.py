"""Variables that make a program run other code: its loader, its interpreter, or a tool it calls obeys them.

A value in plaintext could have been written by anyone with push access, so that `run` would hand them the
machine.  The lists are those of sudo (``initial_badenv_table``) and SOPS, and what interpreters document.
No list of names is complete: the families of names are, as far as a program keeps to one.
"""

from __future__ import annotations

# fmt: off
_PREFIXES = (
    # Loaders and runtimes: every name that they read is theirs.
    "LD_", "DYLD_", "_RLD", "LDR_", "COR_", "CORECLR_", "GCONV_", "BASH_", "PYTHON", "PERL5", "RUBY",
    "LUA_", "GUILE_", "JAVA_", "_JAVA_", "JDK_", "NODE_REPL_", "NPM_CONFIG_", "BUN_", "PYTEST_",
    "DOTNET_", "RUSTC", "CARGO_", "JULIA_", "VIM", "EMACS", "GTK_", "GIO_", "GST_", "QT_", "XDG_",
    # Programs that run what their variables say: git, and this one.
    "GIT_", "ANSIBLE_", "SEALEDFILES_", "SOPS_", "AGE_",
)
_SUFFIXES = (
    "_OPTS", "_OPTIONS", "_ADDOPTS", "_CMD_ARGS", "_DEFAULT_COMMAND", "_KEY_CMD", "_PRELOAD", "_WRAPPER",
    "_PLUGINS", "_PLUGIN_PATH", "_MODULES", "_MODULE_PATH", "_LIBRARY_PATH", "_LOAD_PATH", "LOADPATH",
    "_EXEC_PREFIX", "_STARTUP_HOOKS", "_ASKPASS", "_EDITOR", "_PAGER", "_CONFIG_PATH",
)
_NAMES = frozenset((
    "PATH", "LIBPATH", "SHLIB_PATH", "COMPILER_PATH", "LOCPATH", "NLSPATH", "PATH_LOCALE",
    "MALLOC_CHECK_", "MALLOC_TRACE", "GLIBC_TUNABLES", "ENV", "SHELLOPTS", "BASHOPTS", "IFS", "PS4",
    "PROMPT_COMMAND", "CDPATH", "GLOBIGNORE", "FPATH", "ZDOTDIR", "SHELL", "NULLCMD", "READNULLCMD",
    "TMPPREFIX", "PERLLIB", "PERLIO_DEBUG", "NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS",
    "ELECTRON_RUN_AS_NODE", "CLASSPATH", "GEM_HOME", "GEM_PATH", "BUNDLE_GEMFILE", "PHPRC",
    "PHP_INI_SCAN_DIR", "TCLLIBPATH", "R_HOME", "R_LIBS", "R_LIBS_SITE", "R_LIBS_USER", "R_PROFILE",
    "R_PROFILE_USER", "R_ENVIRON", "R_ENVIRON_USER", "ERL_LIBS", "ERL_FLAGS", "ERL_AFLAGS",
    "ERL_ZFLAGS", "MAKEFLAGS", "GNUMAKEFLAGS", "MFLAGS", "MAKEFILES", "CC", "CXX", "CPP", "CFLAGS",
    "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "RUSTFLAGS", "GOFLAGS", "GOENV", "GOROOT", "GOPATH",
    "GOTOOLDIR", "EXINIT", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSL_CERT_FILE",
    "SSL_CERT_DIR", "SSLKEYLOGFILE", "CURL_HOME", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSH_AUTH_SOCK",
    "SSH_SK_PROVIDER", "EDITOR", "VISUAL", "PAGER", "MANPAGER", "BROWSER", "LESSOPEN", "LESSCLOSE",
    "TERMINFO", "TERMINFO_DIRS", "TERMCAP", "TERMPATH", "HOSTALIASES", "LOCALDOMAIN", "RES_OPTIONS",
    "HOME", "KUBECONFIG", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "CLOUDSDK_PYTHON",
    "CLOUDSDK_CONFIG", "DOCKER_CONFIG", "DOCKER_HOST",
))
_HARMLESS = frozenset((
    "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONIOENCODING", "PYTHONUTF8",
    "PYTHONFAULTHANDLER", "DOTNET_ENVIRONMENT", "DOTNET_RUNNING_IN_CONTAINER",
    "DOTNET_CLI_TELEMETRY_OPTOUT", "DOTNET_NOLOGO", "GIT_COMMIT", "GIT_SHA", "GIT_BRANCH", "GIT_TAG",
    "XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP",
))
# fmt: on


def steers(name: str) -> bool:
    """Return True if the variable *name* steers loaders, interpreters or shells.

    Case does not count: to Windows it does not, and npm reads its own names in lower case.
    """
    upper = name.upper()
    if upper in _HARMLESS:
        return False
    return upper.startswith(_PREFIXES) or upper.endswith(_SUFFIXES) or upper in _NAMES

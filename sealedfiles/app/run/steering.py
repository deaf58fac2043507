"""Variables that make a loader, an interpreter or another program load code.

Anyone with push access could have written a plaintext value, so with such a variable `run` would let them
run code on this machine.  The lists are those of sudo (``initial_badenv_table``) and SOPS, plus names that
interpreters document.  A list of single names is never complete, so prefixes and suffixes are used if
possible.
"""

from __future__ import annotations

# fmt: off
_PREFIXES = (
    # Loaders and runtimes that read only names with their prefix.
    "LD_", "DYLD_", "_RLD", "LDR_", "COR_", "CORECLR_", "GCONV_", "BASH_", "PYTHON", "PERL5", "RUBY",
    "LUA_", "GUILE_", "JAVA_", "_JAVA_", "JDK_", "NODE_REPL_", "NPM_CONFIG_", "BUN_", "PYTEST_",
    "DOTNET_", "RUSTC", "CARGO_", "JULIA_", "VIM", "EMACS", "GTK_", "GIO_", "GST_", "QT_", "XDG_",
    "PIP_", "UV_", "TF_CLI_",
    # Programs whose variables contain commands to run, or keys: git, this one, and others.
    "GIT_", "ANSIBLE_", "SEALEDFILES_", "SOPS_", "AGE_",
)
_SUFFIXES = (
    "_OPTS", "_OPTIONS", "_ADDOPTS", "_CMD_ARGS", "_DEFAULT_COMMAND", "_KEY_CMD", "_PRELOAD", "_WRAPPER",
    "_PLUGINS", "_PLUGIN_PATH", "_MODULES", "_MODULE_PATH", "_LIBRARY_PATH", "_LOAD_PATH", "LOADPATH",
    "_EXEC_PREFIX", "_STARTUP_HOOKS", "_ASKPASS", "_EDITOR", "_PAGER", "_CONFIG_PATH", "_RSH",
    "_PASSWORD_COMMAND", "_PASSCOMMAND", "_EXECUTABLE_PATH", "_BINARY_PATH", "_ENGINE_LIBRARY",
    "_PLUGIN_DIR", "_LAYER_PATH", "_DRIVERS_PATH", "_TYPELIB_PATH", "_CONFIGURE_PATH", "_CLASSPATH",
    "_CFLAGS", "_CXXFLAGS", "_LDFLAGS", "_BROWSER",
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
    "CLOUDSDK_CONFIG", "DOCKER_CONFIG", "DOCKER_HOST", "DOCKER_CLI_PLUGIN_EXTRA_DIRS", "COMPOSE_FILE",
    "SVN_SSH", "COMSPEC", "PATHEXT", "PSMODULEPATH", "CONFIG_SHELL", "PKG_CONFIG", "LD", "AR", "HG",
    "HGRCPATH", "HGEDITOR", "MAILCAPS", "GVIMINIT", "MYVIMRC", "SCREENRC", "PSQLRC", "WGETRC", "INPUTRC",
    "LESS", "KUBECTL_EXTERNAL_DIFF", "HARNESS_PERL_SWITCHES",
    "ASPNETCORE_HOSTINGSTARTUPASSEMBLIES",
    "OTEL_PYTHON_CONFIGURATOR", "COVERAGE_PROCESS_START", "CUDA_INJECTION64_PATH", "NCCL_NET_PLUGIN",
    "OCL_ICD_VENDORS", "CHROME_PATH", "GITHUB_ENV", "GITHUB_PATH", "SWIFT_EXEC", "MAVEN_ARGS", "GOTOOLCHAIN",
))
_HARMLESS = frozenset((
    "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONIOENCODING", "PYTHONUTF8",
    "PYTHONFAULTHANDLER", "DOTNET_ENVIRONMENT", "DOTNET_RUNNING_IN_CONTAINER",
    "DOTNET_CLI_TELEMETRY_OPTOUT", "DOTNET_NOLOGO", "GIT_COMMIT", "GIT_SHA", "GIT_BRANCH", "GIT_TAG",
    "XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP", "UV_THREADPOOL_SIZE", "PIP_NO_CACHE_DIR",
    "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_ROOT_USER_ACTION",
))
# fmt: on


def steers(name: str) -> bool:
    """Return True if the variable *name* controls a loader, interpreter or shell.

    Ignores case, because Windows does, and npm reads its variables in lower case.
    """
    upper = name.upper()
    if upper in _HARMLESS:
        return False
    return upper.startswith(_PREFIXES) or upper.endswith(_SUFFIXES) or upper in _NAMES

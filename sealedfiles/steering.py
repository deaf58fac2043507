"""Variables that make a program run other code: its loader, its interpreter, or a tool it calls obeys them.

A value in plaintext could have been written by anyone with push access, so that `run` would hand them the
machine.  The lists are those of sudo (``initial_badenv_table``) and SOPS, and what interpreters document.
"""

from __future__ import annotations

_PREFIXES = (
    "LD_",
    "DYLD_",
    "_RLD",
    "LDR_",
    "PYTHON",
    "PERL5",
    "RUBY",
    "GIT_",
    "BASH_FUNC_",
    "COR_",
    "CORECLR_",
    "GCONV_",
)

# fmt: off
_NAMES = frozenset((
    "PATH", "LIBPATH", "SHLIB_PATH", "LOCPATH", "NLSPATH", "PATH_LOCALE", "MALLOC_CHECK_",
    "MALLOC_TRACE", "GLIBC_TUNABLES", "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "IFS", "PS4",
    "PROMPT_COMMAND", "CDPATH", "GLOBIGNORE", "FPATH", "ZDOTDIR", "SHELL", "NULLCMD", "READNULLCMD",
    "TMPPREFIX", "PERLLIB", "PERLIO_DEBUG", "NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS",
    "ELECTRON_RUN_AS_NODE", "NPM_CONFIG_SCRIPT_SHELL", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS", "CLASSPATH", "MAVEN_OPTS", "GRADLE_OPTS", "GEM_HOME", "GEM_PATH",
    "BUNDLE_GEMFILE", "PHPRC", "PHP_INI_SCAN_DIR", "LUA_PATH", "LUA_CPATH", "LUA_INIT",
    "DOTNET_STARTUP_HOOKS", "R_PROFILE", "R_PROFILE_USER", "R_ENVIRON", "R_ENVIRON_USER",
    "ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS", "JULIA_LOAD_PATH", "OPENSSL_CONF", "OPENSSL_MODULES",
    "OPENSSL_ENGINES", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSH_ASKPASS", "SSH_AUTH_SOCK",
    "SSH_SK_PROVIDER", "SUDO_ASKPASS", "EDITOR", "VISUAL", "PAGER", "MANPAGER", "BROWSER",
    "LESSOPEN", "LESSCLOSE", "TERMINFO", "TERMINFO_DIRS", "TERMCAP", "TERMPATH", "HOSTALIASES",
    "LOCALDOMAIN", "RES_OPTIONS", "HOME", "XDG_CONFIG_HOME",
))
# fmt: on


def steers(name: str) -> bool:
    """Return True if the variable *name* steers loaders, interpreters or shells.

    Case does not count: to Windows it does not, and npm reads its own names in lower case.
    """
    upper = name.upper()
    return upper.startswith(_PREFIXES) or upper in _NAMES

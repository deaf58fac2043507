"""`sealedfiles completion`: the scripts for the shells, and the answers to what these ask.

click knows what can stand where on a command line and how zsh and fish are told.  The scripts are ours:
key paths have brackets and quotes in them, and file names blanks.
"""

from __future__ import annotations

import os
import re
import sys

from click import shell_completion as shells

from sealedfiles.cli import declaration

VARIABLE = "_SEALEDFILES_COMPLETE"

_BASH = """\
_sealedfiles_completion() {
    local type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
        plain) COMPREPLY+=("$value") ;;
        file) compopt -o default ;;
        esac
    done < <(env _SEALEDFILES_COMPLETE=bash_complete _SEALEDFILES_BREAKS="$COMP_WORDBREAKS" \\
        _SEALEDFILES_LINE="${COMP_LINE:0:COMP_POINT}" "$1" 2>/dev/null)
}
complete -o nosort -F _sealedfiles_completion sealedfiles
"""

_ZSH = """\
#compdef sealedfiles
_sealedfiles_completion() {
    local -a response plain described
    local type value description
    response=("${(@f)$(env _SEALEDFILES_COMPLETE=zsh_complete COMP_WORDS="${words[*]}" \\
        COMP_CWORD=$((CURRENT-1)) sealedfiles 2>/dev/null)}")
    for type value description in ${response}; do
        if [[ $type == file ]]; then
            compset -P '--*='
            _files
        elif [[ $description == _ ]]; then
            plain+=("$value")
        else
            described+=("$value:$description")
        fi
    done
    (( $#described )) && _describe -V sealedfiles described -U
    (( $#plain )) && compadd -U -V sealedfiles -a plain
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _sealedfiles_completion "$@"
else
    compdef _sealedfiles_completion sealedfiles
fi
"""

_FISH = """\
function _sealedfiles_completion
    set -l response (env _SEALEDFILES_COMPLETE=fish_complete COMP_WORDS=(commandline -cp | string collect) \\
        COMP_CWORD=(commandline -t | string collect) sealedfiles 2>/dev/null)
    for line in $response
        set -l item (string split -m 1 "," -- $line)
        switch $item[1]
            case plain
                echo $item[2]
            case file
                __fish_complete_path $item[2]
        end
    end
end
complete --no-files --command sealedfiles --arguments "(_sealedfiles_completion)"
"""


@declaration.command("completion")
@declaration.argument("shell", choices=["bash", "zsh", "fish"])
def command(shell: str) -> None:
    """Print the completion script for a shell.

    It completes commands, options, sealed files and key paths.

    \b
    bash:  sealedfiles completion bash > ~/.local/share/bash-completion/completions/sealedfiles
    zsh:   sealedfiles completion zsh > FOLDER/_sealedfiles    (FOLDER: one of your $fpath)
    fish:  sealedfiles completion fish > ~/.config/fish/completions/sealedfiles.fish

    Or add this to the settings of your shell, which makes each start slower:
    eval "$(sealedfiles completion bash)"
    """
    from sealedfiles.cli.files import print_value

    print_value({"bash": _BASH, "zsh": _ZSH, "fish": _FISH}[shell], newline=True)


def answer() -> int:
    """Print what can stand where the cursor is, for the script of a shell that asks in the environment.

    Whatever goes wrong is not said: somebody is in the middle of typing a command.
    """
    from sealedfiles.cli.app import app

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    for shell in (_Bash, _Zsh, _Fish):
        shells.add_completion_class(shell)
    try:
        return shells.shell_complete(app, {}, "sealedfiles", VARIABLE, os.environ[VARIABLE])
    except Exception:  # noqa: BLE001 - see above
        return 1


class _Bash(shells.BashComplete):
    """Reads the line itself, and quotes the answers for it.

    bash gives a function words that are cut at ``:`` and ``=``, and takes the answers as they are.
    """

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line, breaks = os.environ["_SEALEDFILES_LINE"], os.environ["_SEALEDFILES_BREAKS"]
        words, incomplete, self._kept, self._quote = split_line(line, breaks)
        self._kept = max(0, self._kept - len(option_before(incomplete)))
        return words[1:], incomplete

    def format_completion(self, item: shells.CompletionItem) -> str:
        value = item.value if item.type == "file" else quote(item.value[self._kept :], self._quote)
        return f"{item.type},{value}"


class _WholeWord(shells.ShellComplete):
    """Gives back the ``--option=`` that click cuts off: these shells replace the whole word."""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        self._option = option_before(incomplete)
        return args, incomplete

    def format_completion(self, item: shells.CompletionItem) -> str:
        if item.type == "plain":
            item.value = self._option + item.value
        return super().format_completion(item)


class _Zsh(_WholeWord, shells.ZshComplete):
    source_template = _ZSH


class _Fish(_WholeWord, shells.FishComplete):
    source_template = _FISH


def option_before(word: str) -> str:
    """Return ``--option=`` where a *word* begins with it: click takes the value behind it for itself."""
    option, equals, _ = word.partition("=")
    return option + equals if equals and option.startswith("-") else ""


def split_line(line: str, breaks: str) -> tuple[list[str], str, int, str]:
    """Return the words of a line that ends at the cursor, and what of the last one bash keeps.

    That is: the words before, the last one, how many characters of it stand before the piece that an answer
    replaces (which begins behind an open quote, or one of *breaks*), and the quote that is open.
    """
    words: list[str] = []
    word: str | None = None
    quoting, kept, kept_outside = "", 0, 0
    at = 0
    while at < len(line):
        char, following = line[at], line[at + 1 : at + 2]
        at += 1
        if char == "\\" and quoting != "'" and (not quoting or following in '$`"\\\n'):
            word = (word or "") + following
            at += 1
        elif char == quoting:
            quoting, kept = "", kept_outside
        elif quoting:
            word = (word or "") + char
        elif char in "\"'":
            word = word or ""
            quoting, kept_outside, kept = char, kept, len(word)
        elif char in " \t\n":
            words += [] if word is None else [word]
            word, kept = None, 0
        else:
            word = (word or "") + char
            if char in breaks:
                # Behind an @ bash could look for a host, and takes it into the piece.
                kept = len(word) - (char == "@")
    return words, word or "", kept, quoting


def quote(text: str, quoting: str) -> str:
    """Return *text* as it is typed in bash, behind an open quote where *quoting* is one."""
    if quoting == "'":
        return text.replace("'", "'\\''")
    if quoting == '"':
        return re.sub(r'([$`"\\])', r"\\\1", text)
    return re.sub(r"([^\w./+,:@%=-])", r"\\\1", text)

"""`sealedfiles completion`: the scripts for the shells; ``completing`` answers them.

They replace those of click, because key paths contain brackets and quotes, and file names contain blanks.
"""

from __future__ import annotations

from sealedfiles.cli import declaration
from sealedfiles.util.messages import show

BASH = """\
_sealedfiles_completion() {
    local type value at run=
    COMPREPLY=()
    # After `run … --`: as the command after it is completed by itself.
    for ((at = 1; at < COMP_CWORD; at++)); do
        [[ ${COMP_WORDS[at]} != run ]] || run=1
        [[ $run && ${COMP_WORDS[at]} == -- ]] || continue
        if declare -F _command_offset >/dev/null; then
            _command_offset $((at + 1))
        elif ((at + 1 == COMP_CWORD)); then
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}" | sort -u)
        else
            compopt -o default
        fi
        return
    done
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

ZSH = """\
#compdef sealedfiles
_sealedfiles_completion() {
    local -a response plain described
    local type value description
    local -i at=${words[(i)--]}
    if (( at < CURRENT && ${words[(i)run]} < at )); then
        shift $at words
        (( CURRENT -= at ))
        _normal
        return
    fi
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

FISH = """\
function _sealedfiles_completion
    set -l before (commandline -opc)
    set -l at (contains -i -- -- $before)
    if test -n "$at"; and contains -- run $before[1..$at]
        set -l words
        test $at -lt (count $before); and set words (string escape -- $before[(math $at + 1)..-1])
        complete -C (string join " " -- $words (commandline -ct | string collect))
        return
    end
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

    It completes commands, options, sealed files and key paths, readers, groups, patterns and findings, and
    the command after `run --` as your shell does.

    \b
    bash:  sealedfiles completion bash > ~/.local/share/bash-completion/completions/sealedfiles
    zsh:   sealedfiles completion zsh > FOLDER/_sealedfiles    (FOLDER: a folder in your $fpath)
    fish:  sealedfiles completion fish > ~/.config/fish/completions/sealedfiles.fish

    Or add this to the configuration of your shell, which makes it start more slowly:
    eval "$(sealedfiles completion bash)"
    """
    show(*{"bash": BASH, "zsh": ZSH, "fish": FISH}[shell].splitlines())

#!/usr/bin/env bash
# interpreters.sh FOLDER: run the tests that depend on the interpreter on every other supported Python under
# pyenv, with few hypothesis examples; on the newest one, measure the branch coverage of the layers below git.
# The environments are created in FOLDER.  .venv has run all tests already.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
folder=${1:?interpreters.sh FOLDER}
version='import sys; print("%d.%d" % sys.version_info[:2])'
supported=$(sed -n 's/.*"Programming Language :: Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml)

# The layers below git.  What needs other programs, or real files in great number, is the same on every interpreter.
lowest=(
    tests/formats --ignore=tests/formats/test_yaml_corpus.py
    --deselect=tests/formats/test_yaml_edit.py::test_real_files_can_be_changed_anywhere
    tests/model --ignore=tests/model/test_unavailable.py --ignore=tests/model/test_wildmatch.py
    tests/age --ignore=tests/age/test_real_age.py --ignore=tests/age/test_ssh.py --ignore=tests/age/test_terminal.py
    tests/keys --ignore=tests/keys/test_os_keyring.py
)
others=(
    tests/util tests/test_api.py tests/test_vectors.py
    tests/git/test_process.py tests/cli/test_app.py tests/cli/test_init.py tests/cli/test_unset.py
)

declare -A pythons
for python in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python; do
    [ -x "$python" ] && found=$("$python" -c "$version") && pythons[$found]=$python
done
unset "pythons[$(.venv/bin/python -c "$version")]"
versions=()
for found in $supported; do
    [ -n "${pythons[$found]:-}" ] && versions+=("$found")
done
[ ${#versions[@]} -gt 0 ] || { echo "FAILED: there is no other supported Python under pyenv"; exit 1; }

prepare() { # prepare VERSION
    "${pythons[$1]}" -m venv "$folder/$1" && "$folder/$1/bin/pip" install -q 'pytest-cov>=7'
}

tests() { # tests VERSION
    local bin=$folder/$1/bin
    "$bin/pip" install -q -e '.[test]' || return
    if [ "$1" != "${versions[-1]}" ]; then
        HYPOTHESIS_PROFILE=few "$bin/pytest" -q -p no:cacheprovider "${lowest[@]}" "${others[@]}"
    else
        make -s coverage BIN="$bin" &&
            HYPOTHESIS_PROFILE=few "$bin/pytest" -q -p no:cacheprovider "${others[@]}"
    fi
}

for found in "${versions[@]}"; do
    prepare "$found" &
done
wait
failed=()
for found in "${versions[@]}"; do
    printf '\n--- Python %s: %s\n' "$found" "${pythons[$found]}"
    tests "$found" || failed+=("$found")
done
[ ${#failed[@]} -eq 0 ] || { printf 'FAILED on Python %s\n' "${failed[@]}"; exit 1; }

#!/usr/bin/env bash
# interpreters.sh install FOLDER: create an environment in FOLDER for every other supported Python under pyenv.
# interpreters.sh test FOLDER: run the tests that depend on the interpreter in each, with few hypothesis examples;
# on the newest one, measure the branch coverage of the layers below git.  .venv has run all tests already, so
# versions between the oldest and the newest one run only `others`.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
work=${1:?interpreters.sh install|test FOLDER} folder=${2:?interpreters.sh install|test FOLDER}
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

install() { # install VERSION
    "${pythons[$1]}" -m venv --without-pip "$folder/$1" &&
        "${pythons[$1]}" -m pip --python "$folder/$1/bin/python" install -q -e '.[test]' 'pytest-cov>=7' &&
        # Otherwise each worker of pytest compiles all tests.
        "$folder/$1/bin/pytest" -q -n0 --collect-only -p no:cacheprovider "${lowest[@]}" "${others[@]}" tests/sealing \
            >/dev/null
}

run_tests() { # run_tests VERSION
    local bin=$folder/$1/bin
    local tests=("${others[@]}")
    [ "$1" != "${versions[0]}" ] || tests+=("${lowest[@]}")
    [ "$1" != "${versions[-1]}" ] || make -s coverage BIN="$bin" || return
    HYPOTHESIS_PROFILE=few "$bin/pytest" -q -p no:cacheprovider "${tests[@]}"
}

case $work in
install) command=install ;;
test) command=run_tests ;;
*) echo "interpreters.sh install|test FOLDER" && exit 2 ;;
esac
failed=()
for found in "${versions[@]}"; do
    printf '\n--- Python %s: %s\n' "$found" "${pythons[$found]}"
    "$command" "$found" || failed+=("$found")
done
[ ${#failed[@]} -eq 0 ] || { printf 'FAILED on Python %s\n' "${failed[@]}"; exit 1; }

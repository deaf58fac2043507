#!/usr/bin/env bash
# interpreters.sh FOLDER: run the tests that depend on the interpreter on every other supported Python under
# pyenv, with few hypothesis examples.  The environments are created in FOLDER.  .venv has run all tests already.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
folder=${1:?interpreters.sh FOLDER}
version='import sys; print("%d.%d" % sys.version_info[:2])'
finished=$(.venv/bin/python -c "$version")
supported=$(sed -n 's/.*"Programming Language :: Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml)

# What needs other programs, or real files in great number, is the same on every interpreter.
tests=(
    tests/formats --ignore=tests/formats/test_yaml_corpus.py
    --deselect=tests/formats/test_yaml_edit.py::test_real_files_can_be_changed_anywhere
    tests/model --ignore=tests/model/test_unavailable.py --ignore=tests/model/test_wildmatch.py
    tests/age --ignore=tests/age/test_real_age.py --ignore=tests/age/test_ssh.py --ignore=tests/age/test_terminal.py
    tests/keys --ignore=tests/keys/test_os_keyring.py
    tests/util tests/test_api.py tests/test_vectors.py
    tests/git/test_process.py tests/cli/test_app.py tests/cli/test_init.py tests/cli/test_unset.py
)

failed=()
for python in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python; do
    [ -x "$python" ] || continue
    found=$("$python" -c "$version")
    if grep -qxF "$found" <<<"$finished" || ! grep -qxF "$found" <<<"$supported"; then
        continue
    fi
    printf '\n--- Python %s: %s\n' "$found" "$python"
    "$python" -m venv "$folder/$found" &&
        "$folder/$found/bin/pip" install -q -e '.[test]' &&
        HYPOTHESIS_PROFILE=few "$folder/$found/bin/pytest" -q -p no:cacheprovider "${tests[@]}" ||
        failed+=("$found")
    finished+=$'\n'$found
done
[ ${#failed[@]} -eq 0 ] || { printf 'FAILED on Python %s\n' "${failed[@]}"; exit 1; }

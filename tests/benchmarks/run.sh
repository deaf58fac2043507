#!/usr/bin/env bash
# Install the programs that sealedfiles is compared with, and run the benchmark, on Debian as root:
#     bash tests/benchmarks/run.sh FOLDER [OPTION OF run.py]…
# FOLDER is temporary.  A program that cannot be installed is named as missing in the output.
set -uo pipefail
folder=$1
shift

attempt() { # attempt NAME COMMAND…
    local name=$1
    shift
    timeout --kill-after=30 10m "$@" >"$folder/log" 2>&1 || { echo "could not install $name:"; tail -n 5 "$folder/log"; } >&2
}

export DEBIAN_FRONTEND=noninteractive
attempt "the list of packages" apt-get update -qq
for package in git python3-venv git-crypt age; do
    attempt "$package" apt-get install -y -qq --no-install-recommends "$package"
done
attempt SOPS env GOBIN="$folder/bin" go install github.com/getsops/sops/v3/cmd/sops@v3.13.3
attempt dotenvx npm install --silent --prefix "$folder/npm" @dotenvx/dotenvx@2

# Not editable: the imports of an editable installation are slower.
set -e
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q .
export PATH=$folder/bin:$folder/npm/node_modules/.bin:$PATH
"$folder/venv/bin/python" tests/benchmarks/run.py "$@"

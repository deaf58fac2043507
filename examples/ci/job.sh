#!/bin/sh
# A plain shell job, for cron, Jenkins, Buildkite or whatever else runs a command:
#
#   sh job.sh REPOSITORY smoke-test|deploy
#
# with the deploy key in the variable SEALEDFILES_KEY.  The key, once, by somebody who reads the group:
#
#   sealedfiles keygen --deploy ci --to production | gh secret set SEALEDFILES_KEY   # or your system's command
#   git commit -m "CI reads the production group" && git push
#
# smoke-test is skipped, and says so, where there is no key, as in builds of forks.  deploy then fails with exit
# status 3: no key that opens it.
set -eu # no -x: it would show the key

usage="usage: sh job.sh REPOSITORY smoke-test|deploy"
repository=${1:?"$usage"}
task=${2:?"$usage"}
case $task in
    smoke-test | deploy) ;;
    *) echo "$usage" >&2 && exit 2 ;;
esac

# The key is for `sealedfiles cat` only: git, pip and the task do not see it.
key=${SEALEDFILES_KEY:-}
unset SEALEDFILES_KEY

work=$(mktemp -d) # nobody else's
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

# Sealed text in the tree: the checkout needs neither sealedfiles nor the key.
git clone --quiet --depth 1 "$repository" "$work/checkout"

if ! command -v sealedfiles >/dev/null; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet sealedfiles
    PATH="$work/venv/bin:$PATH"
fi

cd "$work/checkout"
values="$work/app.json" # outside of the repository
status=0
(umask 077 && SEALEDFILES_KEY=$key sealedfiles cat --group production config/app.json >"$values") || status=$?
# 3: no key opens it.  A key that is there and does not open it is an error for every task.
if [ "$status" -eq 3 ] && [ "$task" = smoke-test ] && [ -z "$key" ]; then
    echo "No deploy key in this build, as in every build of a fork: smoke test skipped."
    exit 0
fi
[ "$status" -eq 0 ] || exit "$status"

"./$task.sh" "$values"

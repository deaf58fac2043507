#!/bin/sh
# A plain shell job, for cron, Jenkins, Buildkite or any other system that runs a command:
#
#   sh job.sh REPOSITORY smoke-test|deploy
#
# The deploy key is in the variable SEALEDFILES_KEY.  A reader of the group generates it once:
#
#   sealedfiles keygen --deploy ci --to production | gh secret set SEALEDFILES_KEY   # or your system's command
#   git commit -m "CI reads the production group" && git push
#
# Without a key, as in builds of forks, smoke-test is skipped with a message, and deploy fails with exit status 3:
# no key can decrypt the file.
set -eu # no -x: it would show the key

usage="usage: sh job.sh REPOSITORY smoke-test|deploy"
repository=${1:?"$usage"}
task=${2:?"$usage"}
case $task in
    smoke-test | deploy) ;;
    *) echo "$usage" >&2 && exit 2 ;;
esac

# Only `sealedfiles cat` gets the key: git, pip and the task do not see it.
key=${SEALEDFILES_KEY:-}
unset SEALEDFILES_KEY

work=$(mktemp -d) # readable only by this user
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

# The tree contains sealed text: the checkout needs neither sealedfiles nor the key.
git clone --quiet --depth 1 "$repository" "$work/checkout"

if ! command -v sealedfiles >/dev/null; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet sealedfiles
    PATH="$work/venv/bin:$PATH"
fi

cd "$work/checkout"
values="$work/app.json" # outside the repository
status=0
(umask 077 && SEALEDFILES_KEY=$key sealedfiles cat --group production config/app.json >"$values") || status=$?
# 3: no key can decrypt it.  If a key is set and cannot decrypt it, that is an error for every task.
if [ "$status" -eq 3 ] && [ "$task" = smoke-test ] && [ -z "$key" ]; then
    echo "No deploy key in this build, as in every build of a fork: smoke test skipped."
    exit 0
fi
[ "$status" -eq 0 ] || exit "$status"

"./$task.sh" "$values"

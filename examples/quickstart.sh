#!/bin/sh
# A demonstration of sealedfiles: Alice and Bob share a repository with secrets in it, and a CI job reads
# only those that it was granted.  From the top of this repository:
#
#   python3 -m venv .venv && .venv/bin/pip install -q . && PATH="$PWD/.venv/bin:$PATH" sh examples/quickstart.sh
#
# Everything happens in a temporary folder that is removed at the end.  Each step is checked, and the
# script stops with a message if a check fails.
set -eu

# --- a separate environment: your configuration, keys and keyring are not read or written ------------
for name in $(env | sed -n 's/^\(\(GIT\|SEALEDFILES\|SOPS\|XDG\)_[A-Za-z0-9_]*\)=.*/\1/p'); do
    unset "$name"
done
unset CI DBUS_SESSION_BUS_ADDRESS
examples=$(cd "$(dirname "$0")" && pwd)
demo=$(mktemp -d "${TMPDIR:-/tmp}/sealedfiles-quickstart.XXXXXX")
trap 'rm -rf "$demo"' EXIT
trap 'exit 130' HUP INT TERM
export GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 GIT_PAGER=cat GIT_EDITOR=true LC_ALL=C
export PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring

fail() {
    printf '\nFAILED: %s\n' "$*" >&2
    exit 1
}

title() { printf '\n== %s\n' "$*"; }

say() { printf '   %s\n' "$*"; }

# be NAME FOLDER: continue as another person, whose home folder and git configuration are their own.
be() {
    who=$1
    export HOME="$demo/home/$who"
    export USERPROFILE="$HOME" APPDATA="$HOME/AppData" GIT_CONFIG_GLOBAL="$HOME/.gitconfig"
    mkdir -p "$HOME"
    git config --global user.name "$who"
    git config --global user.email "$who@shop.example"
    cd "$2"
}

# show: print the output of a command, with long lines cut.
show() { sed "s|$demo|DEMO|g" | cut -c 1-110 | sed 's/^/      | /'; }

# run COMMAND…: show the command and its output; stop if it fails.
run() {
    printf '   %s$' "$who"
    for word; do
        case $word in
            *[!A-Za-z0-9_./:=~-]*) printf ' "%s"' "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
    done | sed "s|$demo|DEMO|g"
    echo
    status=0
    "$@" >"$demo/output" 2>&1 || status=$?
    show <"$demo/output"
    [ "$status" -eq 0 ] || fail "exit status $status: $*"
}

# edit FILE OLD NEW: replace OLD by NEW, as an editor would.
edit() {
    grep -q -F -e "$2" "$1" || fail "$1 has no '$2' to change"
    sed "s|$2|$3|" "$1" >"$demo/edited"
    cat "$demo/edited" >"$1"
    say "($who changes '$2' to '$3' in $1)"
}

has() { grep -q -F -e "$2" "$1" || fail "$3"; }

lacks() { if grep -q -F -e "$2" "$1"; then fail "$3"; fi; }

clean() { [ -z "$(git status --porcelain)" ] || fail "git status is not clean $1: $(git status --porcelain)"; }

# no_plaintext WORD…: search every object in this repository, reachable or not.
no_plaintext() {
    git cat-file --batch-all-objects --batch --unordered >"$demo/objects"
    for word in "$@"; do
        lacks "$demo/objects" "$word" "plaintext in a git object: $word"
    done
}

sealed_lines() { grep -c 'sealed:v1:' "$1" || :; }

command -v git >/dev/null 2>&1 || fail "git is not installed"
command -v sealedfiles >/dev/null 2>&1 || fail "sealedfiles is not on PATH: use the command at the top of this script"

mkdir -p "$demo/home" "$demo/clones/alice" "$demo/clones/bob" "$demo/clones/ci"
server="$demo/server.git"
settings=config/web-service.yaml

title "1. Alice creates a repository and seals its settings"
be alice "$demo/clones/alice"
git init -q --bare "$server"
git --git-dir="$server" symbolic-ref HEAD refs/heads/main
git init -q shop
cd shop
git symbolic-ref HEAD refs/heads/main
git remote add origin "$server"
run sealedfiles init --name alice

say "A CI job gets a separate key, and access to the group 'production', which Alice creates here."
sealedfiles keygen -o "$demo/ci.key" >"$demo/ci.pub" 2>"$demo/output" || fail "keygen: $(cat "$demo/output")"
run sealedfiles grant ci --key-file "$demo/ci.pub" --to production

say "By default, values go to the group 'default'. Production values go to 'production', and names and"
say "feature flags stay readable. (The first rule decides; a rule with --values is put before the others.)"
run sealedfiles track 'config/*' app.env
run sealedfiles track 'config/*.yaml' --values 'production.**' --group production
run sealedfiles track 'config/*.yaml' --values 'service.**' --values '**.feature_flags.**' --plain
mkdir config
cp "$examples/web-service.yaml" "$examples/config.json" config
cp "$examples/app.env" .
run git add .
run git commit -q -m "The shop's settings"
run git push -q -u origin main

title "2. The working tree is plaintext, git holds tokens"
say "working tree:"
sed -n '/^production:/,/password:/p' "$settings" | show
cmp -s "$examples/web-service.yaml" "$settings" || fail "the plaintext in the working tree has changed"
say "git:"
git show "HEAD:$settings" >"$demo/blob"
sed -n '/^production:/,/password:/p' "$demo/blob" | show
has "$demo/blob" 'password: &orders_password "sealed:v1:production:' "the production password is not sealed to its group"
has "$demo/blob" 'sealed:v1:default:' "the staging values are not sealed"
has "$demo/blob" 'new_checkout: false' "the feature flags of production are not readable"
has "$demo/blob" '# four workers, twenty connections each' "a comment is gone"
[ "$(wc -l <"$demo/blob")" -lt "$(wc -l <"$settings")" ] || fail "block scalars did not fold into their tokens"
no_plaintext not-a-real 'not a real' '"not\" a real' former-newsletter bm90IGEgcmVhbCBrZXks orders.shop.example
clean "after the first commit"
say "No object in git holds any of the secrets, and git status is clean."

title "3. Bob joins"
be bob "$demo/clones/bob"
run sealedfiles keygen
grep '^age1' "$demo/output" >"$demo/bob.pub" || fail "keygen printed no public key"
be alice "$demo/clones/alice/shop"
run sealedfiles grant bob --key-file "$demo/bob.pub" --to default
run git commit -q -m "Bob reads the default group"
run git push -q
be bob "$demo/clones/bob"
run git clone -q "$server" shop
cd shop
has "$settings" 'sealed:v1:default:' "a fresh clone is not sealed"
run sealedfiles unlock
has "$settings" 'password: staging-orders-not-a-real-password' "Bob does not see the staging password"
has "$settings" 'password: &orders_password "sealed:v1:production:' "Bob sees a production value"
cmp -s "$examples/app.env" app.env || fail "Bob's app.env is not the plaintext"
clean "after unlock"
say "Bob sees the values of the group 'default'. Those of 'production' stay tokens."

title "4. A changed value is one changed line"
edit "$settings" 'pool_size: 20' 'pool_size: 25'
run git -c sealedfiles.diff=always diff --unified=0
has "$demo/output" '-  pool_size: 20' "git diff does not show the old plaintext"
has "$demo/output" '+  pool_size: 25' "git diff does not show the new plaintext"
run git commit -q -a -m "More connections"
say "The same change, as a person without a key sees it:"
run git diff --no-textconv --unified=0 HEAD~1 HEAD
lacks "$demo/output" 'pool_size: 2' "the sealed diff shows plaintext"
[ "$(git diff --no-textconv --numstat HEAD~1 HEAD | cut -f 1,2 | tr '\t' ' ')" = "1 1" ] ||
    fail "the commit changed more than one line"
clean "after the change"
run git push -q

title "5. Two people change different values: a clean merge"
be alice "$demo/clones/alice/shop"
edit "$settings" 'production-payment-key-not-a-real-key' 'production-payment-key-made-up-anew'
edit app.env 'not-a-real-payment-key' 'payment-key-made-up-anew'
run git commit -q -a -m "A new payment key"
run git pull -q --no-rebase --no-edit
has "$settings" 'pool_size: 25' "Bob's change is not in the merge"
has "$settings" 'production-payment-key-made-up-anew' "Alice's change is not in the merge"
clean "after the merge"
run git push -q
be bob "$demo/clones/bob/shop"
run git pull -q --no-rebase --no-edit
has app.env 'payment-key-made-up-anew' "Alice's change has not reached Bob"
clean "after Bob's pull"

title "6. Both change the same value: a conflict that can be read"
edit "$settings" 'staging-orders-not-a-real-password' 'bobs-idea-of-a-password'
run git commit -q -a -m "Bob's password"
run git push -q
be alice "$demo/clones/alice/shop"
edit "$settings" 'staging-orders-not-a-real-password' 'alices-idea-of-a-password'
run git commit -q -a -m "Alice's password"
if git pull -q --no-rebase --no-edit >"$demo/output" 2>&1; then fail "two changes of one value merged without a conflict"; fi
sed -n '/^<<<<<<</,/^>>>>>>>/p' "$settings" >"$demo/conflict"
show <"$demo/conflict"
has "$demo/conflict" 'alices-idea-of-a-password' "the conflict does not show Alice's value"
has "$demo/conflict" 'bobs-idea-of-a-password' "the conflict does not show Bob's value"
lacks "$demo/conflict" 'sealed:v1:' "the conflict shows tokens"
no_plaintext idea-of-a-password made-up-anew
say "(Alice keeps Bob's)"
sed -e '/^<<<<<<</,/^=======/d' -e '/^>>>>>>>/d' "$settings" >"$demo/edited"
cat "$demo/edited" >"$settings"
run git add "$settings"
run git commit -q -m "Merge: Bob's password"
has "$settings" 'bobs-idea-of-a-password' "the resolution is lost"
clean "after the conflict"
no_plaintext idea-of-a-password made-up-anew
run git push -q

title "7. A CI job with one environment variable"
# ci COMMAND…: run with only PATH, an empty home and the given variables; no terminal, no filter.
ci() {
    env -i PATH="$PATH" HOME="$demo/home/nobody" TMPDIR="${TMPDIR:-/tmp}" CI=true \
        GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null "$@" </dev/null
}
mkdir -p "$demo/home/nobody"
cd "$demo/clones/ci"
ci git clone -q "$server" shop
cd shop
say "ci$ SEALEDFILES_KEY=… sealedfiles cat $settings"
ci SEALEDFILES_KEY="$(cat "$demo/ci.key")" sealedfiles cat "$settings" >"$demo/production.yaml" 2>"$demo/output" ||
    fail "the CI job cannot read its values: $(cat "$demo/output")"
sed -n -e '/^staging:/,/password:/p' -e '/^production:/,/password:/p' "$demo/production.yaml" | show
has "$demo/production.yaml" 'payment_key: production-payment-key-made-up-anew' "the CI job does not see a production value"
has "$demo/production.yaml" '      -----BEGIN FAKE PRIVATE KEY-----' "the block scalar did not come back"
has "$demo/production.yaml" '# token: former-newsletter-not-a-real-token' "the commented-out token did not come back"
lacks "$demo/production.yaml" 'sealed:v1:production:' "a production value stayed sealed in the CI job"
lacks "$demo/production.yaml" 'idea-of-a-password' "the CI job sees a staging value"
has "$demo/production.yaml" 'sealed:v1:default:' "the CI job sees values of the default group"
[ -z "$(ls -A "$demo/home/nobody")" ] || fail "the CI job wrote into its home folder"
say "The job sees only values of 'production': app.env belongs to the group 'default', and without the key"
say "the job sees no values."
status=0
ci SEALEDFILES_KEY="$(cat "$demo/ci.key")" sealedfiles cat app.env >"$demo/app.env" 2>"$demo/output" || status=$?
[ "$status" -eq 3 ] || fail "for a file of another group the exit status is $status, not 3"
lacks "$demo/app.env" 'made-up-anew' "the CI job sees app.env"
say "ci$ sealedfiles cat $settings"
status=0
ci sealedfiles cat "$settings" >"$demo/production.yaml" 2>"$demo/output" || status=$?
show <"$demo/output"
[ "$status" -eq 3 ] || fail "without a key the exit status is $status, not 3"
lacks "$demo/production.yaml" 'made-up-anew' "without a key, plaintext"

title "8. Lock"
be bob "$demo/clones/bob/shop"
run sealedfiles lock
has "$settings" 'sealed:v1:default:' "lock left plaintext"
[ "$(sealed_lines app.env)" -gt 0 ] || fail "lock left app.env in plaintext"
clean "after lock"
run sealedfiles unlock
run sealedfiles status
cmp -s "$examples/app.env" app.env && fail "Bob's app.env has lost Alice's change"
has app.env 'payment-key-made-up-anew' "unlock did not bring the plaintext back"
clean "at the end"

title "Everything is as expected."

#!/bin/sh
# Encrypt one sealed value for this machine (its TPM or host key), for a service: sh install-credential.sh FILE KEY NAME
# systemd decrypts it when it starts the service; no key of sealedfiles is on the machine.
set -eu
folder=${CREDENTIALS:-/etc/credstore.encrypted}
mkdir -p "$folder"
chmod 700 "$folder"
new=$(mktemp "$folder/.new.XXXXXX")
trap 'rm -f "$new" "$new.cred"' EXIT
# In two steps, because a pipe would hide that the value could not be decrypted.
value=$(sealedfiles get "$1" "$2")
printf %s "$value" | systemd-creds encrypt --name="$3" - "$new.cred"
mv "$new.cred" "$folder/$3"

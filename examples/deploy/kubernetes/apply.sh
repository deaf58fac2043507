#!/bin/sh
# Apply the Secret "orders" from a sealed file to the cluster of the current context: sh apply.sh NAMESPACE
set -eu
# In two steps, because a pipe would hide that the values could not be decrypted.
manifest=$(sealedfiles cat --format k8s-secret --name orders --namespace "$1" orders.env)
printf '%s\n' "$manifest" | kubectl apply --server-side --field-manager=sealedfiles -f -

#!/bin/sh
# What the plugin of Argo CD runs in a folder of the repository: the manifests, then the Secret.
set -eu
secret=$(sealedfiles cat --format k8s-secret --name orders orders.env)
for file in *.yaml; do
    [ -e "$file" ] || continue
    printf -- '---\n'
    cat -- "$file"
done
printf -- '---\n%s\n' "$secret"

#!/bin/sh
# Build the image with a secret from a sealed file: sh build.sh TAG
# The value is a variable of docker only, never an argument: `ps` and the history of the image would show a --build-arg.
set -eu
exec sealedfiles run -f build.env --only NPM_TOKEN -- \
    docker build --secret id=NPM_TOKEN,env=NPM_TOKEN --tag "$1" .

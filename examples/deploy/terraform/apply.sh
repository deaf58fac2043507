#!/bin/sh
# Run Terraform with the values of a sealed file: sh apply.sh plan
# terraform.env has one line for each variable, such as TF_VAR_database_password=…; names are case-sensitive.
set -eu
exec sealedfiles run -f terraform.env -- terraform "$@"

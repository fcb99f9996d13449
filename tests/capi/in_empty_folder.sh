#!/usr/bin/env bash
# Runs a program with an empty folder as its last argument: in_empty_folder.sh PROGRAM [ARGUMENT…]
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$@" "$scratch"

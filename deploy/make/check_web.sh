#!/usr/bin/env bash
# The web client's JSDoc types and its node tests, where Node is. It has no npm dependency: the compiler
# is taken from the PATH, never fetched.
set -euo pipefail

if command -v tsc >/dev/null; then
  tsc --noEmit -p web
else
  echo "giaoban: tsc is not here, the web client's types were not checked" >&2
fi

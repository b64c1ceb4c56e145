#!/usr/bin/env bash
# The web client's JSDoc types and its node tests, where Node is. It has no npm dependency: the compiler
# is taken from the PATH, never fetched.
set -euo pipefail

if command -v tsc >/dev/null; then
  tsc -p tests/web
else
  echo "giaoban: tsc is not here, the web client's types were not checked" >&2
fi
if command -v node >/dev/null; then
  node --test --test-reporter=dot tests/web/*.test.js
else
  echo "giaoban: node is not here, the web client's own tests were not run (the browser tests are)" >&2
fi

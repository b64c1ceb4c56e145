#!/usr/bin/env bash
# Check the web client's JSDoc types and run its Node tests. The page itself needs nothing from npm; only the
# TypeScript compiler comes from there, one exact version, into build/.
# What is missing is reported and left out on a developer's machine; in CI it is a failure.
set -euo pipefail

TYPESCRIPT=5.9.3
TSC=build/node/node_modules/.bin/tsc

missing() {
  echo "giaoban: $1; make browsers brings it" >&2
  [ -z "${CI:-}" ] || exit 2
}

if ! command -v node >/dev/null; then
  missing "Node is not installed: the web client's types and its own tests were not checked"
  exit 0
fi
if [ "$("$TSC" --version 2>/dev/null || true)" != "Version $TYPESCRIPT" ] && command -v npm >/dev/null; then
  npm install --silent --no-save --no-package-lock --prefix build/node "typescript@$TYPESCRIPT" >/dev/null 2>&1 || true
fi
if [ -x "$TSC" ]; then
  "$TSC" -p tests/web
else
  missing "the TypeScript compiler is not here and npm could not fetch it: the web client's types were not checked"
fi
node --test --test-reporter=dot tests/web/*.test.js

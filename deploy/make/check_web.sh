#!/usr/bin/env bash
# The web client's JSDoc types and its node tests, where Node is. The page itself needs nothing of npm; the
# compiler alone comes from there, one exact version, into build/.
set -euo pipefail

TYPESCRIPT=5.9.3
TSC=build/node/node_modules/.bin/tsc

if ! command -v node >/dev/null; then
  echo "giaoban: node is not here, the web client's types and its own tests were not checked" >&2
  exit 0
fi
if [ ! -x "$TSC" ] && command -v npm >/dev/null; then
  npm install --silent --no-save --no-package-lock --prefix build/node "typescript@$TYPESCRIPT" >/dev/null 2>&1 || true
fi
if [ -x "$TSC" ]; then
  "$TSC" -p tests/web
elif command -v tsc >/dev/null; then
  tsc -p tests/web
else
  echo "giaoban: the TypeScript compiler is not here and npm could not bring it: types were not checked" >&2
fi
node --test --test-reporter=dot tests/web/*.test.js

#!/usr/bin/env bash
# All tests, or only those named by the arguments. Tests on virtual clocks (half of the work) run beside those that
# wait for real sockets, at a lower priority. Browsers come last, with nothing beside them: their pictures and
# voices are measured in real time.
set -euo pipefail

PYTEST=.venv/bin/pytest
if [ $# -gt 0 ]; then
  exec "$PYTEST" -q "$@"
fi

COMPUTED=(tests/arch tests/unit tests/world)
BROWSER=tests/browser
REAL_LOG=build/test-real.log
COMPUTED_LOG=build/test-computed.log
mkdir -p build
: >"$REAL_LOG"
code=0
real() {
  "$PYTEST" -q "$@" 2>&1 | tee -a "$REAL_LOG" || code=$?
}

nice -n 19 "$PYTEST" -q "${COMPUTED[@]}" >"$COMPUTED_LOG" 2>&1 &
beside=$!
trap 'kill "$beside" 2>/dev/null || true' EXIT

real "${COMPUTED[@]/#/--ignore=}" --ignore="$BROWSER"
wait "$beside" || code=$?
real "$BROWSER"
cat "$COMPUTED_LOG"
grep -hE '^(FAILED|ERROR) |^[0-9]+ (passed|failed)' "$REAL_LOG" "$COMPUTED_LOG" || true
exit "$code"

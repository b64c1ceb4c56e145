#!/usr/bin/env bash
# All tests, or only those named by the arguments. Tests on virtual clocks (half of the work) run beside those that
# wait for real browsers and sockets, at a lower priority.
set -euo pipefail

PYTEST=.venv/bin/pytest
if [ $# -gt 0 ]; then
  exec "$PYTEST" -q "$@"
fi

COMPUTED=(tests/arch tests/unit tests/world)
REAL_LOG=build/test-real.log
COMPUTED_LOG=build/test-computed.log
mkdir -p build
nice -n 19 "$PYTEST" -q "${COMPUTED[@]}" >"$COMPUTED_LOG" 2>&1 &
beside=$!
trap 'kill "$beside" 2>/dev/null || true' EXIT

code=0
"$PYTEST" -q "${COMPUTED[@]/#/--ignore=}" 2>&1 | tee "$REAL_LOG" || code=$?
wait "$beside" || code=$?
cat "$COMPUTED_LOG"
grep -hE '^(FAILED|ERROR) |^[0-9]+ (passed|failed)' "$REAL_LOG" "$COMPUTED_LOG" || true
exit "$code"

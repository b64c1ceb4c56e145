#!/usr/bin/env bash
# Install exactly what a lock file names, then this project: install.sh BIN LOCK STAMP
# The stamp holds the hash of what was installed, so that files which only got a new date cost nothing.
set -euo pipefail
bin=$1
lock=$2
stamp=$3

wanted=$(cat "$lock" pyproject.toml | sha256sum)
done_already=$(cat "$stamp" 2>/dev/null || true)
# A copied environment may share this file with the original: replace it, never write into it.
stamp_it() { echo "$wanted" >"$stamp.new" && mv "$stamp.new" "$stamp"; }

if [ "$done_already" = "$wanted" ]; then
  stamp_it
  exit 0
fi

echo "giaoban: installing the packages of $lock (the first time takes a minute or two)" >&2
export PIP_DISABLE_PIP_VERSION_CHECK=1
if ! "$bin/python" -m pip install --quiet --require-hashes -r "$lock"; then
  echo "giaoban: could not install the packages. Can this machine reach a Python package index?" >&2
  echo "giaoban: behind a proxy set HTTPS_PROXY; for a mirror set PIP_INDEX_URL; then run make again." >&2
  exit 2
fi
# setuptools warns at length that an editable installation is editable.
PYTHONWARNINGS=ignore "$bin/python" -m pip install --quiet --no-deps --no-build-isolation -e .
stamp_it

#!/usr/bin/env bash
# Install exactly what a lock file names, then this project: install.sh BIN LOCK
set -euo pipefail
bin=$1
lock=$2

echo "giaoban: installing the packages of $lock (the first time takes a minute or two)" >&2
export PIP_DISABLE_PIP_VERSION_CHECK=1
if ! "$bin/python" -m pip install --quiet --require-hashes -r "$lock"; then
  echo "giaoban: the packages could not be installed. Is there a way to a Python package index from here?" >&2
  echo "giaoban: behind a proxy set HTTPS_PROXY; for a mirror set PIP_INDEX_URL; then make again." >&2
  exit 2
fi
# setuptools warns at length that an editable installation is editable.
PYTHONWARNINGS=ignore "$bin/python" -m pip install --quiet --no-deps --no-build-isolation -e .

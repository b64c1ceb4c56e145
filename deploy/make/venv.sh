#!/usr/bin/env bash
# Create the virtual environment, or say what is missing: venv.sh PYTHON DIRECTORY
set -euo pipefail
python=$1
venv=$2

say() { echo "giaoban: $*" >&2; }

if ! command -v "$python" >/dev/null; then
  say "$python was not found. Install Python 3.11 or newer (Debian 12: apt-get install python3 python3-venv)."
  exit 2
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  say "$("$python" --version) is too old; Python 3.11 or newer is needed. Name another one: make run PYTHON=python3.12"
  exit 2
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  package="python$version-venv"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing $package"
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$package" >/dev/null
  else
    say "Python's venv module is missing. Run this once, then run make again:"
    say "    sudo apt-get install $package"
    exit 2
  fi
fi
say "creating $venv with $("$python" --version)"
"$python" -m venv "$venv"

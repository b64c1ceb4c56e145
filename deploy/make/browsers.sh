#!/usr/bin/env bash
# The browser tests need real browsers: take Chromium and Firefox ESR from Debian when they are missing.
set -euo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v firefox-esr >/dev/null || missing+=(firefox-esr)
[ ${#missing[@]} = 0 ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "giaoban: installing ${missing[*]} for the browser tests" >&2
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
  exit 0
fi

echo "giaoban: the browser tests need ${missing[*]}. Install them once, then make test again:" >&2
echo "    sudo apt-get install ${missing[*]}" >&2
exit 2

#!/usr/bin/env bash
# The tests of the whole need a real other side: Chromium and Firefox ESR, coturn's TURN relay, and somebody who
# speaks: espeak-ng; the age program, which must open our recordings. Take them from Debian when they are missing.
set -euo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v firefox-esr >/dev/null || missing+=(firefox-esr)
command -v turnserver >/dev/null || missing+=(coturn)
command -v espeak-ng >/dev/null || missing+=(espeak-ng)
command -v age >/dev/null || missing+=(age)
[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || missing+=(fonts-dejavu-core)
[ ${#missing[@]} = 0 ] && exit 0

# The package coturn would start a relay with its own settings, now and at every boot: the tests start theirs.
POLICY=/usr/sbin/policy-rc.d
forbid_starting() {
  [ -e "$POLICY" ] && return
  printf '#!/bin/sh\nexit 101\n' >"$POLICY"
  chmod 755 "$POLICY"
  trap 'rm -f "$POLICY"' EXIT
}

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "giaoban: installing ${missing[*]} for the tests" >&2
  apt-get -qq update
  [[ " ${missing[*]} " == *" coturn "* ]] && forbid_starting
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
  if [[ " ${missing[*]} " == *" coturn "* ]] && command -v systemctl >/dev/null; then
    systemctl disable --quiet coturn 2>/dev/null || true
  fi
  exit 0
fi

echo "giaoban: the tests need ${missing[*]}. Install them once, then make test again:" >&2
echo "    sudo apt-get install ${missing[*]}" >&2
[[ " ${missing[*]} " == *" coturn "* ]] &&
  echo "    sudo systemctl disable --now coturn    # the tests start a relay of their own" >&2
exit 2

#!/usr/bin/env bash
# Install what the tests need beside Python, from Debian: Chromium and Firefox ESR, coturn as the relay, espeak-ng as
# the voice, age to open recordings, Node for the web client's own tests, npm for the compiler that checks its types.
set -euo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v firefox-esr >/dev/null || missing+=(firefox-esr)
command -v turnserver >/dev/null || missing+=(coturn)
command -v espeak-ng >/dev/null || missing+=(espeak-ng)
command -v age >/dev/null || missing+=(age)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || missing+=(fonts-dejavu-core)
[ ${#missing[@]} = 0 ] && exit 0

# Debian's coturn would start a relay with its own settings, now and at every boot; the tests start their own.
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

echo "giaoban: the tests need ${missing[*]}. Install them once, then run make test again:" >&2
echo "    sudo apt-get install ${missing[*]}" >&2
[[ " ${missing[*]} " == *" coturn "* ]] &&
  echo "    sudo systemctl disable --now coturn    # the tests start their own relay" >&2
exit 2

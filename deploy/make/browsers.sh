#!/usr/bin/env bash
# Install what the tests need beside Python, from Debian: Chromium and Firefox ESR, coturn as the relay, PostgreSQL,
# espeak-ng as the voice, age to open recordings, iproute2 to plug network cards in and out, Node for the web client's
# own tests, npm for the compiler that checks its types, narrow and wide fonts.
#
# No service is left behind: neither a relay nor a database server runs after this or at the next boot. The tests
# start their own.
set -euo pipefail

missing=()
needs_program() { command -v "$1" >/dev/null || missing+=("$2"); }
needs_file() { compgen -G "$1" >/dev/null || missing+=("$2"); }
needs_program chromium chromium
needs_program firefox-esr firefox-esr
needs_program turnserver coturn
needs_program espeak-ng espeak-ng
needs_program age age
needs_program ip iproute2
needs_program node nodejs
needs_program npm npm
needs_file "/usr/lib/postgresql/*/bin/initdb" postgresql
needs_file /usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf fonts-dejavu-core
needs_file /usr/share/fonts/truetype/croscore/Tinos-Regular.ttf fonts-croscore
[ ${#missing[@]} = 0 ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "giaoban: the tests need ${missing[*]}. Install them from Debian once, then run make test again:" >&2
  echo "    sudo make browsers" >&2
  exit 2
fi

is_missing() { [[ " ${missing[*]} " == *" $1 "* ]]; }
rules=()
trap 'rm -f "${rules[@]}"' EXIT
# A rule for Debian's packages while they are installed. A file that is there already is somebody else's, and stays.
rule() {
  [ -e "$1" ] && return
  rules+=("$1")
  mkdir -p "$(dirname "$1")"
  printf '%s\n' "${@:2}" >"$1"
  chmod 755 "$1"
}
rule /usr/sbin/policy-rc.d '#!/bin/sh' 'exit 101' # nothing is started
is_missing postgresql && rule /etc/postgresql-common/createcluster.d/giaoban.conf 'create_main_cluster = false'

echo "giaoban: installing ${missing[*]} for the tests" >&2
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
if is_missing coturn && command -v systemctl >/dev/null; then
  systemctl disable --quiet coturn 2>/dev/null || true
fi

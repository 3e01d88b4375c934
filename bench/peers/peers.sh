#!/usr/bin/env bash
# The newest Debian's SIP and RTP programs, to test and measure against, in a root folder of their own.
#
#   peers.sh setup [PEER …]   makes the folder (root; minutes; about 1 GB) or adds what is missing; with names, these
#                             peers alone (Asterisk alone: half a minute, 400 MB)
#   peers.sh has PEER         whether it is there (exit code)
#   peers.sh exec PROGRAM …   runs a program of it, on this machine's network, with /tmp shared
#   peers.sh versions         one line per peer: name and version
#   peers.sh where            the folder: $PBX_PEERS, or mediacore-pbx/peers in the cache folder of the user
#   peers.sh remove           takes the folder away again
#
# It starts no daemon: a test or bench starts the peer that it needs, with a configuration of its own, and stops it.
# What is mounted for a program is mounted in a namespace of that program, and goes when it ends.
set -euo pipefail

RELEASE=forky
PEERS=(asterisk rtpengine kamailio sipp baresip)
declare -A PACKAGES=(
  [asterisk]="asterisk asterisk-modules" [rtpengine]=rtpengine-daemon [kamailio]=kamailio [sipp]=sip-tester
  [baresip]=baresip-core
)
folder=${PBX_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/mediacore-pbx/peers}
complete=$folder/.complete   # written last: a folder without it is a set-up that was interrupted, and is made anew

die() { echo "peers.sh: $*" >&2; exit 2; }

usage() { sed -n '2,/^set/{/^set/d; s/^# \{0,1\}//; p}' "$0"; }

need_root() { [ "$(id -u)" = 0 ] || die "$1 needs root (chroot and mount)"; }

# Where this machine gets its own packages from: the peers come from the same place.
mirror() {
  local found
  found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb +(\[[^]]*\] +)?([^ ]+).*/\2/p' | grep -v security | head -n 1)
  echo "${found:?peers.sh: no Debian source is configured under /etc/apt}"
}

enter() {
  # A machine knows its own name, or Asterisk asks the network for it, five seconds long, in the middle of calls.
  printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$HOSTNAME" >"$folder/etc/hosts"
  ${enter_by:-} unshare --mount -- bash -euc '
    folder=$1
    shift
    mount --make-rprivate /
    for shared in /dev /proc /sys /tmp; do mount --rbind "$shared" "$folder$shared"; done
    exec chroot "$folder" "$@"
  ' enter "$folder" "$@"
}

make_folder() {
  if ! command -v debootstrap >/dev/null; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes debootstrap
  fi
  rm -rf --one-file-system "$folder"
  # An older debootstrap has no script named after a newer release; the script is the same for all of them.
  debootstrap --variant=minbase "$RELEASE" "$folder" "$(mirror)" /usr/share/debootstrap/scripts/sid
  # Debian starts a daemon when its package is installed, unless this says no.
  printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
  chmod +x "$folder/usr/sbin/policy-rc.d"
  cp /etc/resolv.conf "$folder/etc/resolv.conf"
}

install() {
  rm -f "$complete"
  enter env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$@"
  enter apt-get clean
  touch "$complete"
}

has() {
  local states
  # shellcheck disable=SC2086  # several words are several packages
  [ -e "$complete" ] && states=$(dpkg-query --admindir "$folder/var/lib/dpkg" --show --showformat '${db:Status-Status} ' \
    ${PACKAGES[$1]} 2>/dev/null) && [ -z "${states//installed /}" ]
}

setup() {
  need_root setup
  for peer in "$@"; do [ -n "${PACKAGES[$peer]:-}" ] || die "no such peer: $peer (there are: ${PEERS[*]})"; done
  mkdir -p "$(dirname "$folder")"
  exec 9>"$folder.lock"
  flock 9   # two benches at once: the second waits for the first one's folder
  local missing=()
  for peer in "$@"; do has "$peer" || missing+=("$peer"); done
  if ((${#missing[@]})); then
    echo "setting up in $folder: ${missing[*]}"
    # Packages may have moved on since the folder was made. A mirror that stands still is as good as another.
    if [ -e "$complete" ]; then enter apt-get -qq -o Acquire::Check-Valid-Until=false update; else make_folder; fi
    # shellcheck disable=SC2046
    install iproute2 procps $(for peer in "${missing[@]}"; do echo "${PACKAGES[$peer]}"; done)
  fi
  versions "$@"
}

# Each has a flag of its own for this, and two of them call it a failure.
say_version() {
  case $1 in
    asterisk) enter asterisk -V ;;
    rtpengine) enter rtpengine --version ;;
    kamailio) enter kamailio -v ;;
    sipp) enter sipp -v ;;
    baresip) enter baresip -h ;;
  esac 2>&1 || true
}

versions() {
  for peer in "$@"; do
    printf '%s %s\n' "$peer" "$(say_version "$peer" | grep -m 1 -oE '[0-9]+\.[0-9]+[0-9.]*' | head -n 1)"
  done
}

need() {
  for peer in "$@"; do has "$peer" || die "there is no $peer yet: run $0 setup"; done
}

case ${1:-} in
  setup) shift; setup "${@:-${PEERS[@]}}" ;;
  has) has "${2:?which peer}" ;;
  exec)  # the program takes this script's place, so that a signal to it reaches the program
    shift; need_root exec; [ -e "$complete" ] || die "there are no peers yet: run $0 setup"; enter_by=exec; enter "$@" ;;
  versions) need_root versions; need "${PEERS[@]}"; versions "${PEERS[@]}" ;;
  where) echo "$folder" ;;
  remove) need_root remove; rm -rf --one-file-system "$folder" "$folder.lock" ;;
  *) usage; exit 2 ;;
esac

#!/usr/bin/env bash
# Proves the README's commands where nothing is installed: debootstrap's minimal root of a Debian release in a folder of
# its own, a clone of the committed tree in it, deploy/quickstart.sh until its demo answers over http and https, as root
# and as a user with sudo, its demo of rollouts (about a minute), and tests/run.sh. What it mounts and starts lives in
# namespaces of its own and is gone with it; the folder is removed, also when it is stopped.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: tests/bare_machine.sh [--with PACKAGE]... [--as USER] [--demo-only] [--cache DIR] [bookworm|trixie]

  bookworm | trixie  Debian 12 (default) or 13
  --with PACKAGE     installs it first: what a machine has may change a build. Can be repeated; user:PACKAGE: only
                     on the machine of that user
  --as USER          only as root, or only as user (with sudo); both otherwise
  --demo-only        the demos of deploy/quickstart.sh only, without tests/run.sh
  --cache DIR        ccache keeps its files in DIR; without it everything is compiled
  --help             this text

Needs root, debootstrap, git and curl, and Debian's package archive.
Exit status: 0 passed, 1 failed, 2 wrong usage, 77 nothing was proven because it cannot run here.
TEXT
}

fail() {
  echo "bare_machine: $*" >&2
  exit 1
}

# Not a pass: the caller must be able to distinguish it.
cannot_run() {
  echo "bare_machine: NOT RUN, nothing was proven: $*" >&2
  exit 77
}

release=bookworm
demo_only=false
users=(root user)
cache=""
with=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --with | --cache)
      [[ -n ${2:-} ]] || { usage >&2; exit 2; }
      if [[ $1 == --with ]]; then with+=("$2"); else cache=$(realpath -m -- "$2"); fi
      shift
      ;;
    --as)
      [[ ${2:-} == root || ${2:-} == user ]] || { usage >&2; exit 2; }
      users=("$2")
      shift
      ;;
    --demo-only) demo_only=true ;;
    bookworm | trixie) release=$1 ;;
    --help | -h) usage; exit 0 ;;
    *) echo "bare_machine: unknown argument '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[[ $(id -u) -eq 0 ]] || cannot_run "debootstrap and mounts need root"
for program in debootstrap git curl unshare; do
  command -v "$program" >/dev/null || cannot_run "$program is not installed (deploy/packages.sh bare)"
done
unshare --mount true 2>/dev/null || cannot_run "no mount namespace can be made here"
curl -fsSL --max-time 30 -o /dev/null "http://deb.debian.org/debian/dists/$release/Release" ||
  cannot_run "Debian's package archive does not answer"

# Everything below runs once more in namespaces of its own: mounts and processes end with them, however this ends.
if [[ -z ${WEIR_BARE_ROOT:-} ]]; then
  WEIR_BARE_ROOT=$(mktemp -d /var/tmp/weir-bare.XXXXXX)
  export WEIR_BARE_ROOT
  chmod 755 "$WEIR_BARE_ROOT"
  arguments=("$release")
  for package in "${with[@]}"; do arguments+=(--with "$package"); done
  if [[ ${#users[@]} -eq 1 ]]; then arguments+=(--as "${users[0]}"); fi
  if $demo_only; then arguments+=(--demo-only); fi
  if [[ -n $cache ]]; then arguments+=(--cache "$cache"); fi
  child=""
  finish() {
    local status=$?
    trap - EXIT INT TERM HUP
    [[ -z $child ]] || { kill -KILL "$child" 2>/dev/null && wait "$child" 2>/dev/null; } || true
    rm -rf --one-file-system "$WEIR_BARE_ROOT"
    exit "$status"
  }
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  # --kill-child: when unshare ends, so does the first process in there, and with it all others.
  unshare --mount --pid --fork --kill-child --propagation private "$0" "${arguments[@]}" </dev/null &
  child=$!
  status=0
  wait "$child" || status=$?
  child=""
  exit "$status"
fi

started=$SECONDS
say() { printf '\n==> bare %s%s, %d s: %s\n' "$release" "${with[*]:+ with ${with[*]}}" $((SECONDS - started)) "$*"; }

# quietly LOG COMMAND...: the command's output goes to a file. If it fails the end is shown, and all of it is kept.
quietly() {
  local log=$WEIR_BARE_ROOT/$1.log kept=$top/build/bare-$release-$1.log
  shift
  "$@" >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    mkdir -p "$top/build" && cp "$log" "$kept" && echo "bare_machine: all of it is in $kept" >&2
    fail "failed: $*"
  }
}

say "debootstrap"
readonly pristine=$WEIR_BARE_ROOT/pristine root=$WEIR_BARE_ROOT/root
quietly debootstrap debootstrap --variant=minbase --include=sudo "$release" "$pristine"
cp /etc/resolv.conf "$pristine/etc/resolv.conf"
# How this machine's apt reaches the archive; and the security updates, which debootstrap leaves out.
for file in /etc/apt/apt.conf.d/*; do
  if grep -qsE 'Acquire::(http|https|Check)' "$file"; then cp "$file" "$pristine/etc/apt/apt.conf.d/"; fi
done
mirror=$(sed -n 's/^deb \([^ ]*\) .*/\1/p' "$pristine/etc/apt/sources.list" | head -n 1)
echo "deb ${mirror%/debian*}/debian-security $release-security main" >>"$pristine/etc/apt/sources.list"
chroot "$pristine" useradd --create-home --shell /bin/bash user
echo 'user ALL=(ALL) NOPASSWD: ALL' >"$pristine/etc/sudoers.d/user"

# command_of USER TEXT: sets `command`, which runs TEXT as USER in the root, with nothing of the caller's environment.
command_of() {
  local user=$1 home=/root
  [[ $user == root ]] || home=/home/$user
  local environment=(HOME="$home" USER="$user" LOGNAME="$user" LANG=C.UTF-8 TERM=dumb
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
  if [[ -n $cache ]]; then environment+=(CCACHE_DIR=/var/cache/ccache CCACHE_UMASK=000); fi
  command=(chroot --userspec="$user:$user" "$root" env -i "${environment[@]}" bash -c "cd ~ && $2")
}

in_root() {
  local command
  command_of "$@"
  "${command[@]}"
}

# fresh_root USER: as debootstrap made it, with what --with names and a clone of the committed tree.
fresh_root() {
  local mounted package packages=()
  for package in "${with[@]}"; do
    case $package in
      "$1":*) packages+=("${package#*:}") ;;
      root:* | user:*) ;;
      *) packages+=("$package") ;;
    esac
  done
  for mounted in var/cache/ccache proc sys dev run; do
    if mountpoint -q "$root/$mounted"; then umount --recursive --lazy "$root/$mounted"; fi
  done
  # What the machine before this one downloaded is not downloaded again.
  if [[ -d $root ]]; then
    find "$root/var/cache/apt/archives" -maxdepth 1 -name '*.deb' -exec mv -t "$pristine/var/cache/apt/archives" {} +
  fi
  rm -rf --one-file-system "$root"
  cp -a "$pristine" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/run"
  if [[ -n $cache ]]; then
    mkdir -p "$cache" "$root/var/cache/ccache"
    chmod 1777 "$cache"
    mount --bind "$cache" "$root/var/cache/ccache"
  fi
  if [[ ${#packages[@]} -gt 0 ]]; then
    quietly with in_root root "apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends ${packages[*]}"
  fi
  # The same path for every user: a compiler cache serves the second one.
  git -c safe.directory='*' clone -q --no-local --depth 1 "file://$top" "$root/srv/weir"
  chroot "$root" chown -R "$1:$1" /srv/weir
}

# wait_for_text PID LOG SECONDS TEXT: until the log has the text. 1: PID is gone, or so much time is.
wait_for_text() {
  local limit=$((SECONDS + $3))
  until grep -qs -- "$4" "$2"; do
    kill -0 "$1" 2>/dev/null || return 1
    [[ $SECONDS -lt $limit ]] || return 1
    sleep 0.5
  done
}

# fail_with LOG TEXT: shows the end of the log, and keeps all of it.
fail_with() {
  local kept
  kept=$top/build/bare-$release-$(basename "$1")
  tail -n 40 "$1" >&2
  mkdir -p "$top/build" && cp "$1" "$kept" && echo "bare_machine: all of it is in $kept" >&2
  fail "$2"
}

# try_demo USER: the README's first command until http and https answer, then its end.
try_demo() {
  local user=$1 log=$WEIR_BARE_ROOT/quickstart-$1.log answer command demo
  say "deploy/quickstart.sh as $user"
  command_of "$user" "cd /srv/weir && exec deploy/quickstart.sh"
  setsid "${command[@]}" >"$log" 2>&1 &
  demo=$!
  wait_for_text "$demo" "$log" 3000 'Weir is ready' || fail_with "$log" "deploy/quickstart.sh as $user did not come up"
  answer=$(in_root "$user" "curl -sS --max-time 10 http://localhost:8080/") || fail "http as $user: no answer"
  [[ $answer == *blue-* ]] || fail "http as $user answered: $answer"
  echo "http:  ${answer:0:120}"
  answer=$(in_root "$user" \
    "cd /srv/weir && curl -sS --max-time 10 --cacert certs/dev/ca.crt https://localhost:8443/") ||
    fail "https as $user: no answer"
  [[ $answer == *blue-* ]] || fail "https as $user answered: $answer"
  echo "https: ${answer:0:120}"
  if grep -E 'warning:|Warning' "$log"; then fail "the build as $user printed warnings"; fi
  kill -TERM "$demo"
  wait "$demo" || fail "deploy/quickstart.sh as $user ended with status $? after SIGTERM"
}

readonly rollout_demo_seconds_max=180

# try_rollout_demo USER: the README's demo of rollouts, where the other one has built everything: one that goes up to
# 100 %, then one that is taken back, each with its sentence; then its end.
try_rollout_demo() {
  local user=$1 log=$WEIR_BARE_ROOT/rollout-$1.log command demo began last
  say "deploy/quickstart.sh --rollout as $user"
  command_of "$user" "cd /srv/weir && exec deploy/quickstart.sh --rollout"
  setsid "${command[@]}" >"$log" 2>&1 &
  demo=$!
  wait_for_text "$demo" "$log" 300 '^==> Starting' || fail_with "$log" "--rollout as $user did not start"
  began=$SECONDS
  wait_for_text "$demo" "$log" "$rollout_demo_seconds_max" '^Ctrl-C stops it all' ||
    fail_with "$log" "--rollout as $user did not show both rollouts within $rollout_demo_seconds_max s"
  echo "both rollouts in $((SECONDS - began)) s:"
  # The last sentence of each, in this order.
  last=$(grep -oE 'api: (finished, green has 100 %|rolled back green from [0-9]+ % to 0)' "$log" |
    uniq | tr '\n' ';') || true
  [[ $last =~ ^'api: finished, green has 100 %;api: rolled back green from '(5|25|50)' % to 0;'$ ]] ||
    fail_with "$log" "--rollout as $user showed: ${last:-neither}"
  grep -E 'api: (finished|rolled back)' "$log" | uniq
  kill -TERM "$demo"
  wait "$demo" || fail_with "$log" "deploy/quickstart.sh --rollout as $user ended with status $? after SIGTERM"
}

for user in "${users[@]}"; do
  fresh_root "$user"
  try_demo "$user"
done
try_rollout_demo "${users[-1]}"

if ! $demo_only; then
  say "tests/run.sh as ${users[-1]}"
  quietly tests in_root "${users[-1]}" "cd /srv/weir && tests/run.sh"
  grep -E 'tests passed|tests failed|: passed' "$WEIR_BARE_ROOT/tests.log" | tail -n 3
fi

say "passed"

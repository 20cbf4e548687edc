#!/usr/bin/env bash
# Installs the Debian packages that Weir needs, where any is missing: deploy/packages.sh SET...
#   build   compiler, linker and libraries
#   run     what the demo calls: certificates, requests
#   test    test libraries, sanitizer runtimes, the second compiler, the formatter
#   bench   load generator, micro benchmarks, and what Weir is compared with
# Needs root or sudo only when something is missing. --list prints the names instead.
set -euo pipefail

declare -A packages=(
  [build]="clang-16 lld-16 cmake ninja-build ccache
           libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libssl-dev
           libyaml-cpp-dev libre2-dev libc-ares-dev libfmt-dev libspdlog-dev libcli11-dev prometheus-cpp-dev"
  [run]="ca-certificates curl openssl"
  [test]="libgtest-dev libgmock-dev libclang-rt-16-dev llvm-16 g++-12 clang-format-16 python3"
  [bench]="wrk libbenchmark-dev nginx-light haproxy linux-perf valgrind python3"
)

fail() {
  echo "packages: $*" >&2
  exit 1
}

list_only=false
wanted=()
for argument in "$@"; do
  case $argument in
    --list) list_only=true ;;
    build | run | test | bench) read -r -d '' -a names <<<"${packages[$argument]}" || true; wanted+=("${names[@]}") ;;
    *) fail "unknown package set '$argument': build, run, test or bench" ;;
  esac
done
[[ ${#wanted[@]} -gt 0 ]] || fail "name at least one set: build, run, test or bench"

if $list_only; then
  printf '%s\n' "${wanted[@]}"
  exit 0
fi

is_installed() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

command -v dpkg-query >/dev/null || fail "not a Debian system: install these yourself: ${wanted[*]}"
missing=()
for name in "${wanted[@]}"; do
  is_installed "$name" || missing+=("$name")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || fail "needs root or sudo to install: ${missing[*]}"
  as_root=(sudo)
fi

echo "packages: installing ${missing[*]}"
# --no-remove: a package that is in the way (libboost-dev is another version) is the user's to remove, not ours.
"${as_root[@]}" apt-get update -qq </dev/null || fail "apt-get update failed"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-remove --no-install-recommends \
  "${missing[@]}" </dev/null || fail "apt-get could not install: ${missing[*]} (Weir is built on Debian 12)"

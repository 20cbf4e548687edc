#!/usr/bin/env bash
# Installs the Debian packages that Weir needs, where any is missing: deploy/packages.sh SET...
# Debian 12 and 13; the names differ where a release is part of them.
#   build   compiler, linker and libraries
#   run     what the demo calls: certificates, requests
#   test    test libraries, sanitizer runtimes, the second compiler, the formatter
#   lint    clang-tidy
#   bench   load generators, micro benchmarks, and what Weir is compared with
#   clients those that bench/refusals/run and tests/clients try
#   page    the browser that tests/page drives, and what it is driven by
#   manifests what tests/manifests looks at deploy/ with, beside kubectl, of which Debian has none that is new enough
#   watch   what tests/alerts/run watches Weir with
#   bare    what tests/bare_machine.sh makes its roots with
# Needs root or sudo only when something is missing. --list prints the names instead; --llvm prints the folder of the
# LLVM release that Weir is built with here.
set -euo pipefail

fail() {
  echo "packages: $*" >&2
  exit 1
}

# Releases of Clang, GCC and Boost that go with this Debian. cmake/clang.cmake and cmake/gcc.cmake know the same.
debian=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${VERSION_ID:-}") || debian=unknown
case $debian in
  "debian 13") clang=19 gcc=14 boost=1.83 formatter="" ;;  # its formatters disagree with 16, which it has not
  *) clang=16 gcc=12 boost=1.81 formatter=clang-format-16 ;;  # Debian 12, and what others are taken for
esac

declare -A packages=(
  [build]="clang-$clang lld-$clang llvm-$clang cmake ninja-build ccache
           libboost$boost-dev libboost-json$boost-dev libboost-url$boost-dev libssl-dev
           libyaml-cpp-dev libre2-dev libc-ares-dev libnghttp2-dev libfmt-dev libspdlog-dev libcli11-dev
           libncurses-dev prometheus-cpp-dev"
  [run]="ca-certificates curl openssl"
  [test]="libgtest-dev libgmock-dev libclang-rt-$clang-dev g++-$gcc $formatter python3"
  [lint]="clang-tidy-$clang"
  [bench]="wrk nghttp2-client libbenchmark-dev nginx-light haproxy nghttp2-proxy linux-perf valgrind python3"
  [clients]="curl python3-requests python3-aiohttp python3-grpcio nodejs default-jdk-headless"
  [page]="chromium nodejs npm tmux"
  [manifests]="docker-compose nodejs npm openssl python3-yaml"
  [watch]="prometheus prometheus-alertmanager curl openssl python3"
  [bare]="debootstrap git curl util-linux"
)

list_only=false
wanted=()
for argument in "$@"; do
  case $argument in
    --list) list_only=true ;;
    --llvm) echo "/usr/lib/llvm-$clang"; exit 0 ;;
    build | run | test | lint | bench | clients | page | manifests | watch | bare)
      read -r -d '' -a names <<<"${packages[$argument]}" || true
      wanted+=("${names[@]}")
      ;;
    *) fail "unknown package set '$argument': build, run, test, lint, bench, clients, page, manifests, watch or bare" ;;
  esac
done
[[ ${#wanted[@]} -gt 0 ]] ||
  fail "name at least one set: build, run, test, lint, bench, clients, page, manifests, watch or bare"

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
  "${missing[@]}" </dev/null || fail "apt-get could not install: ${missing[*]} (Weir is built on Debian 12 and 13)"

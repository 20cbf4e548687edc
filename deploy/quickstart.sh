#!/usr/bin/env bash
# From a fresh Debian 12 or 13 to a running demo: packages, release build, development certificates, three app
# instances (blue-1, blue-2, green-1) and Weir in front of them. Ctrl-C stops everything that it started.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: deploy/quickstart.sh [--no-run] [--prefix DIR]

  --no-run       install packages and build, start nothing
  --prefix DIR   install the binaries, the example configuration and a systemd unit below DIR; start nothing
  --help         this text
TEXT
}

fail() {
  echo "quickstart: $*" >&2
  exit 1
}

say() { printf '\n==> %s\n' "$*"; }

run=true
prefix=""
while [[ $# -gt 0 ]]; do
  case $1 in
    --no-run) run=false ;;
    --prefix)
      [[ -n ${2:-} ]] || { usage >&2; exit 2; }
      # Relative to where the user stands, not to where this script goes next.
      prefix=$(realpath -m -- "$2")
      run=false
      shift
      ;;
    --help | -h) usage; exit 0 ;;
    *) echo "quickstart: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly bin=build/release/bin
readonly logs=build/quickstart
readonly demo_ports=(8080 8443 9900 9001 9002 9003)

build() {
  say "Packages"
  deploy/packages.sh build run
  say "Release build"
  mkdir -p build
  cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log >&2; fail "cmake failed"; }
  cmake --build --preset release
}

install_below_prefix() {
  say "Install below $prefix"
  local as_root=()
  # The nearest folder that exists decides whether this user may write there.
  local folder=$prefix
  while [[ ! -e $folder ]]; do folder=$(dirname "$folder"); done
  if [[ ! -w $folder ]]; then
    command -v sudo >/dev/null || fail "$folder is not writable and there is no sudo"
    as_root=(sudo)
  fi
  "${as_root[@]}" cmake --install build/release --prefix "$prefix"
  cat <<TEXT

Next, as root:
  useradd --system --no-create-home --shell /usr/sbin/nologin weir
  mkdir -p /etc/weir && cp $prefix/share/weir/config/weir.yaml /etc/weir/weir.yaml    # then make it yours
  $prefix/bin/weir check -c /etc/weir/weir.yaml
  systemctl link $prefix/lib/systemd/system/weir.service && systemctl enable --now weir
TEXT
}

is_listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

refuse_ports_in_use() {
  local taken=() port
  for port in "${demo_ports[@]}"; do
    if is_listening "$port"; then taken+=("$port"); fi
  done
  [[ ${#taken[@]} -eq 0 ]] || fail "port ${taken[*]} in use: stop what listens there (ss -ltnp), then run this again"
}

pids=()
stop_all() {
  trap - EXIT INT TERM HUP
  [[ ${#pids[@]} -gt 0 ]] || return 0
  say "Stopping"
  # Weir first, while there is something to finish its requests against.
  local index
  for ((index = ${#pids[@]} - 1; index >= 0; --index)); do
    kill -TERM "${pids[index]}" 2>/dev/null || true
    wait "${pids[index]}" 2>/dev/null || true
  done
}

# wait_for NAME PID URL: until URL answers 200, or PID is gone, or ten seconds have passed.
wait_for() {
  local attempt
  for ((attempt = 0; attempt < 100; ++attempt)); do
    if curl -fsS -o /dev/null --max-time 1 "$3" 2>/dev/null; then return 0; fi
    kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$logs/$1.log" >&2 || true
  fail "$1 did not start (log: $logs/$1.log)"
}

# start_app NAME PORT VERSION
start_app() {
  "$bin/weir-origin" --port "$2" --name "$1" --version-header "$3" >"$logs/$1.log" 2>&1 </dev/null &
  pids+=($!)
  wait_for "$1" $! "http://127.0.0.1:$2/health"
}

# print_what_to_try WEIR_PID
print_what_to_try() {
  local line='  %-66s # %s\n'
  printf '\nWeir is ready. In another terminal, from %s:\n\n' "$PWD"
  # shellcheck disable=SC2059  # one format for all lines
  {
    printf "$line" "curl http://localhost:8080/" "blue-1 and blue-2 in turn"
    printf "$line" "curl --cacert certs/dev/ca.crt https://localhost:8443/" "the same over TLS"
    printf "$line" "kill ${pids[0]}" "stops blue-1: no request fails"
    printf "$line" "curl http://127.0.0.1:9900/health" "which instances are healthy"
    printf "$line" "curl http://127.0.0.1:9900/metrics" "Prometheus text"
    printf "$line" "$bin/weir explain GET http://localhost:8080/" "route, upstream and headers"
    printf "$line" "tail -f $logs/weir.log" "access log and error log"
    printf "$line" "kill -HUP $1" "reloads config/weir.yaml"
  }
  printf '\nCtrl-C stops it all.\n'
}

demo() {
  refuse_ports_in_use
  say "Development certificates"
  certs/make-dev-certs.sh  # keeps what is still valid
  mkdir -p "$logs"
  trap stop_all EXIT
  trap 'exit 0' INT TERM HUP

  say "Starting blue-1 :9001, blue-2 :9002, green-1 :9003 and Weir"
  start_app blue-1 9001 blue
  start_app blue-2 9002 blue
  start_app green-1 9003 green
  "$bin/weir" run -c config/weir.yaml >"$logs/weir.log" 2>&1 </dev/null &
  local weir_pid=$!
  pids+=("$weir_pid")
  wait_for weir "$weir_pid" http://127.0.0.1:9900/health/ready

  print_what_to_try "$weir_pid"
  # A stopped app instance is part of the demo; a stopped Weir is its end.
  local status=0
  wait "$weir_pid" || status=$?
  [[ $status -eq 0 ]] || { tail -n 20 "$logs/weir.log" >&2; fail "weir ended with status $status"; }
}

build
if [[ -n $prefix ]]; then
  install_below_prefix
elif $run; then
  demo
else
  say "Built: $bin/weir and $bin/weir-origin. Start the demo with deploy/quickstart.sh"
fi

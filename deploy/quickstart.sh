#!/usr/bin/env bash
# From a fresh Debian 12 or 13 to a running demo: packages, release build, development certificates, three app
# instances (blue-1, blue-2, green-1) and Weir in front of them; or, with --rollout, four of them and two rollouts, one
# that goes up to 100 % and one that is taken back. Ctrl-C stops everything that it started.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: deploy/quickstart.sh [--rollout] [--bin DIR] [--no-run] [--prefix DIR]

  --rollout      the demo of rollouts: a new version goes up to 100 % by itself, another one is taken back; a minute
  --bin DIR      use the binaries there; install no packages and build nothing
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
rollout=false
bin=""
while [[ $# -gt 0 ]]; do
  case $1 in
    --no-run) run=false ;;
    --rollout) rollout=true ;;
    --bin)
      [[ -n ${2:-} ]] || { usage >&2; exit 2; }
      bin=$(realpath -m -- "$2")
      [[ -x $bin/weir && -x $bin/weir-origin ]] || fail "no weir and weir-origin in $bin"
      shift
      ;;
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
built=true
if [[ -n $bin ]]; then built=false; else bin=build/release/bin; fi
[[ $built == true || -z $prefix ]] || fail "--prefix installs what is built here: leave --bin out"
readonly bin logs=build/quickstart
if $rollout; then
  readonly demo_ports=(8080 9900 9001 9002 9003 9004)
else
  readonly demo_ports=(8080 8443 9900 9001 9002 9003)
fi

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

# start_app NAME PORT VERSION [OPTION...]
start_app() {
  local name=$1 port=$2 version=$3
  shift 3
  "$bin/weir-origin" --port "$port" --name "$name" --version-header "$version" "$@" >"$logs/$name.log" 2>&1 </dev/null &
  pids+=($!)
  wait_for "$name" $! "http://127.0.0.1:$port/health"
}

# start_weir CONFIG: its id is in `weir_pid`.
start_weir() {
  "$bin/weir" run -c "$1" >"$logs/weir.log" 2>&1 </dev/null &
  weir_pid=$!
  pids+=("$weir_pid")
  wait_for weir "$weir_pid" http://127.0.0.1:9900/health/ready
}

# A stopped app instance is part of the demo; a stopped Weir is its end.
wait_for_weir_to_end() {
  local status=0
  wait "$weir_pid" || status=$?
  [[ $status -eq 0 ]] || { tail -n 20 "$logs/weir.log" >&2; fail "weir ended with status $status"; }
}

begin_demo() {
  refuse_ports_in_use
  mkdir -p "$logs"
  trap stop_all EXIT
  trap 'exit 0' INT TERM HUP
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
  begin_demo
  say "Development certificates"
  certs/make-dev-certs.sh  # keeps what is still valid

  say "Starting blue-1 :9001, blue-2 :9002, green-1 :9003 and Weir"
  start_app blue-1 9001 blue
  start_app blue-2 9002 blue
  start_app green-1 9003 green
  start_weir config/weir.yaml
  print_what_to_try "$weir_pid"
  wait_for_weir_to_end
}

# The demo of rollouts.

# shown COMMAND...: prints the command line, then runs it.
shown() {
  local word line=""
  for word in "$@"; do
    if [[ $word == *[!A-Za-z0-9_./:=%-]* ]]; then word="'$word'"; fi
    line+=" $word"
  done
  printf '\n$%s\n' "$line"
  "$@"
}

# Clients: so many of these, each with a hundred requests a second.
readonly client_count=3

start_clients() {
  local number
  for ((number = 1; number <= client_count; ++number)); do
    curl -s --rate 100/s -o /dev/null -w '%{http_code}\n' 'http://127.0.0.1:8080/[1-1000000]' \
      >"$logs/client-$number.log" 2>&1 </dev/null &
    pids+=($!)
  done
}

# break_green PERCENT SECONDS: that share of green's requests fails, after so many seconds.
break_green() {
  sleep "$2"
  printf '\n[now %s %% of what green answers are errors]\n' "$1"
  for port in 9003 9004; do curl -fsS -o /dev/null -X PUT "http://127.0.0.1:$port/control?fail_percent=$1"; done
}

demo_rollout() {
  begin_demo
  say "Starting blue-1 :9001, blue-2 :9002, green-1 :9003, green-2 :9004, Weir and clients: 300 requests a second"
  # Half a percent of what either version answers are errors, as ever.
  local app_options=(--fail-percent 0.5 --latency-ms 5)
  start_app blue-1 9001 blue "${app_options[@]}"
  start_app blue-2 9002 blue "${app_options[@]}"
  start_app green-1 9003 green "${app_options[@]}"
  start_app green-2 9004 green "${app_options[@]}"
  rm -rf "$logs/state"  # where the last demo's weights are
  mkdir -p "$logs/state"
  start_weir config/rollout-demo.yaml
  start_clients

  say "1. A new version that is as good as the old one goes up to 100 % by itself"
  shown "$bin/weir" rollout start api --reason "green 1.1"
  shown "$bin/weir" rollout watch api || fail "the rollout did not finish: see above"

  say "2. A version that breaks while it goes up is taken back"
  shown "$bin/weir" split set api blue=100 green=0 --reason "the next version, from the start"
  shown "$bin/weir" rollout start api --reason "green 1.2"
  break_green 8 14 &
  pids+=($!)
  local status=0
  shown "$bin/weir" rollout watch api || status=$?
  [[ $status -eq 4 ]] || fail "the rollout was not taken back: see above"

  print_rollouts_to_try
  wait_for_weir_to_end
}

print_rollouts_to_try() {
  local line='  %-76s # %s\n'
  printf '\nWhat clients got so far: %s\n' "$(cat "$logs"/client-*.log | sort | uniq -c |
    awk '$2 ~ /^[0-9]+$/ { text = text (text ? ", " : "") $1 " x " $2 } END { print text }')"
  printf '\nIt goes on. In another terminal, from %s:\n\n' "$PWD"
  # shellcheck disable=SC2059  # one format for all lines
  {
    printf "$line" "curl -X PUT 'http://127.0.0.1:9003/control?fail_percent=0.5'" "mends green-1; :9004 is green-2"
    printf "$line" "$bin/weir rollout start api --wait --timeout 2m" "exit status 0 finished, 4 taken back, 5 held"
    printf "$line" "$bin/weir rollout status api" "evidence against its limit"
    printf "$line" "$bin/weir rollout hold api --reason lunch" "and resume, promote, rollback"
    printf "$line" "$bin/weir events" "every decision with its numbers"
  }
  printf '\nCtrl-C stops it all.\n'
}

if $built; then build; fi
if [[ -n $prefix ]]; then
  install_below_prefix
elif $run && $rollout; then
  demo_rollout
elif $run; then
  demo
else
  say "Built: $bin/weir and $bin/weir-origin. Start the demo with deploy/quickstart.sh"
fi

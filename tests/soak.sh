#!/usr/bin/env bash
# Weir under load while everything that may change at run time changes: no request fails, no WebSocket breaks, memory
# stays flat, and nothing is left under way at the end.
set -euo pipefail
# shellcheck source=bench/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../bench/lib.sh"

usage() {
  cat <<'TEXT'
Usage: tests/soak.sh [SECONDS] [--preset NAME]

  SECONDS        how long (120; at least 20)
  --preset NAME  whose binaries (release)
  --help         this text

wrk with 32 connections, and in turn all the while: reloads that add and remove an endpoint, weights of a split by
command, an endpoint drained and enabled, a WebSocket opened, asked and closed. One more WebSocket stays for the whole
time. Exit status 1: a request failed, a WebSocket broke, a change was refused, memory grew, or a gauge of work that is
under way is not 0 at the end.
TEXT
}

seconds=120 preset=release
while [[ $# -gt 0 ]]; do
  case $1 in
    --preset) [[ -n ${2:-} ]] || { usage >&2; exit 2; }; preset=$2; shift ;;
    --help | -h) usage; exit 0 ;;
    *) [[ $1 =~ ^[1-9][0-9]*$ && $1 -ge 20 ]] || { usage >&2; exit 2; }; seconds=$1 ;;
  esac
  shift
done
[[ -n ${WEIR_BENCH_BIN:-} ]] || bin=$root/build/$preset/bin
need wrk
need curl
need_binary weir
need_binary weir-origin

# Memory may grow by this much between the second quarter and the last one: what allocators keep, not a leak.
readonly growth_percent_max=5 growth_kib_max=2048

write_config() {  # ENDPOINTS BLUE-WEIGHT
  cat >"$work/weir.yaml.new" <<YAML
server: { workers: 2, state_dir: $work/state }
admin: { address: 127.0.0.1:0 }
log: { access: { output: /dev/null } }
listeners: { http: { address: 127.0.0.1:0 } }
upstreams:
  blue: { endpoints: [$1] }
  green: { endpoints: ["$green"] }
routes:
  - { name: socket, match: { path: /ws }, upstream: green, timeouts: { idle: 24h } }
  - name: api
    split: { targets: [{ upstream: blue, weight: $2 }, { upstream: green, weight: 20 }] }
YAML
  mv "$work/weir.yaml.new" "$work/weir.yaml"
}

# websocket_open: descriptor in `socket`. Frames of clients are masked; a mask of zeros leaves the text readable.
websocket_open() {
  local line
  exec {socket}<>"/dev/tcp/${http%:*}/${http#*:}"
  printf 'GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' >&"$socket"
  printf 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n' >&"$socket"
  read -r -t 10 line <&"$socket" || die "no answer to a WebSocket's opening"
  [[ $line == "HTTP/1.1 101"* ]] || die "a WebSocket was not opened: $line"
  while read -r -t 10 line <&"$socket" && [[ $line != $'\r' ]]; do :; done
}

websocket_ask() {  # DESCRIPTOR
  local answer
  printf '\x81\x85\x00\x00\x00\x00hello' >&"$1"
  answer=$(timeout 10 head -c 7 <&"$1" | tail -c 5)
  [[ $answer == hello ]] || die "a WebSocket does not echo"
}

websocket_close() { eval "exec $1>&-"; }

weir() {
  if "$bin/weir" "$@" --admin "$admin" >"$work/command.log" 2>&1; then return 0; fi
  cat "$work/command.log" >&2
  die "failed: weir $*"
}

# median_of FIRST LAST: of the samples in those lines.
median_of() { sed -n "$1,$2p" "$work/rss" | median; }

busy_gauges() {
  curl -sS "http://$admin/metrics" |
    awk '/^(weir_connections|[a-z_]*in_flight|[a-z_]*queue_requests)[{ ]/ && $NF != 0'
}

begin
mkdir "$work/state"
for name in one two extra green; do
  background "$work/$name.log" "$bin/weir-origin" --port 0 --name "$name"
  wait_for_text "$work/$name.log" "weir-origin ready" "$started"
  declare "$name=$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$work/$name.log")"
done
# shellcheck disable=SC2154  # declared above
two_endpoints="\"$one\", \"$two\"" three_endpoints="\"$one\", \"$two\", \"$extra\""
write_config "$two_endpoints" 80
background "$work/weir.log" "$bin/weir" run -c "$work/weir.yaml"
weir_pid=$started
wait_for_text "$work/weir.log" "weir ready" "$weir_pid"
http=$(weir_address http) admin=$(weir_address admin)

websocket_open
kept=$socket
wrk -t1 -c32 -d"${seconds}s" --latency "http://$http/" >"$work/wrk" 2>&1 &
load=$!
pids+=("$load")

end=$((SECONDS + seconds - 2)) rounds=0
: >"$work/rss"
while ((SECONDS < end)); do
  if ((rounds % 2 == 0)); then endpoints=$three_endpoints; else endpoints=$two_endpoints; fi
  write_config "$endpoints" $((60 + rounds % 5))
  weir reload
  weir split set api "blue=$((rounds % 100 + 1))" green=20 --reason soak
  weir endpoint drain blue "$one" --reason soak --wait
  websocket_open
  websocket_ask "$socket"
  websocket_close "$socket"
  websocket_ask "$kept"
  weir endpoint enable blue "$one"
  rss_kib "$weir_pid" >>"$work/rss"
  kill -0 "$weir_pid" 2>/dev/null || { tail -n 20 "$work/weir.log.err" >&2; die "weir ended"; }
  rounds=$((rounds + 1))
done
wait "$load" || true
websocket_ask "$kept"
websocket_close "$kept"

status=0
read -r requests bad broken < <(awk '
  /requests in/ { all = $1 } /Non-2xx/ { bad = $NF } /Socket errors/ { gsub(",", ""); broken = $4 + $6 + $8 + $10 }
  END { print all + 0, bad + 0, broken + 0 }' "$work/wrk")
((requests > 0 && bad == 0 && broken == 0)) || { cat "$work/wrk" >&2; status=1; }

before=$(median_of $((rounds / 4 + 1)) $((rounds / 2 + 1)))
after=$(median_of $((rounds * 3 / 4 + 1)) "$rounds")
allowed=$(awk -v b="$before" -v p="$growth_percent_max" -v k="$growth_kib_max" \
  'BEGIN { g = b * p / 100; print b + (g > k ? g : k) }')
if ! awk -v a="$after" -v m="$allowed" 'BEGIN { exit a > m }'; then
  echo "memory grew: at most $allowed KiB were allowed" >&2
  status=1
fi

for ((i = 0; i < 100; i++)); do
  busy=$(busy_gauges)
  [[ -n $busy ]] || break
  sleep 0.05
done
[[ -z $busy ]] || { printf 'still under way at the end:\n%s\n' "$busy" >&2; status=1; }

kill -TERM "$weir_pid"
wait "$weir_pid" || { echo "weir ended with status $?" >&2; status=1; }
verdict=passed
[[ $status -eq 0 ]] || verdict=FAILED
echo "soak: $seconds s, $rounds rounds of changes, $requests requests, $bad not 2xx, $broken broken;" \
  "memory $before KiB in the second quarter, $after KiB in the last; $verdict"
exit "$status"

# Shared by the benchmark scripts; sourced, not run. Everything listens on loopback; only processes that were
# started here are ever signalled, by their pid; the work directory goes when the script ends.
# shellcheck shell=bash disable=SC2034  # what functions leave in variables is used by the scripts

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin=${WEIR_BENCH_BIN:-$root/build/release/bin}
work=""
pids=()

die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

need() { command -v "$1" >/dev/null || die "needs $1 (apt install ${2:-$1})"; }

need_binary() {
  [[ -x $bin/$1 ]] || die "no $bin/$1: cmake --preset release && cmake --build --preset release --target $1"
}

stop_all() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  pids=()
  [[ -z $work ]] || rm -rf "$work"
}

begin() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/weir-bench-XXXXXX")
  trap stop_all EXIT
  trap 'exit 130' INT TERM
}

# background LOG COMMAND...: runs it with its output in LOG; its pid is in `started`.
background() {
  local log=$1
  shift
  rm -f "$log"  # an earlier run's ready line must not be taken for this one's
  "$@" >"$log" 2>"$log.err" </dev/null &
  started=$!
  pids+=("$started")
}

# wait_for_text FILE TEXT PID: until FILE holds TEXT, for at most ten seconds.
wait_for_text() {
  local i
  for ((i = 0; i < 200; i++)); do
    if grep -q "$2" "$1" 2>/dev/null; then return 0; fi
    kill -0 "$3" 2>/dev/null || break
    sleep 0.05
  done
  cat "$1" "$1.err" >&2
  die "it did not start"
}

# wait_for_port PORT PID: until something accepts there.
wait_for_port() {
  local i
  for ((i = 0; i < 200; i++)); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
    kill -0 "$2" 2>/dev/null || break
    sleep 0.05
  done
  die "nothing listens on port $1"
}

# A port that was free a moment ago, in `port`.
free_port() {
  local i
  for ((i = 0; i < 100; i++)); do
    port=$((20000 + RANDOM % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return 0; fi
  done
  die "no free port"
}

# start_origin NAME CPU: its address is in `address`.
start_origin() {
  background "$work/$1.log" taskset -c "$2" "$bin/weir-origin" --port 0 --name "$1"
  wait_for_text "$work/$1.log" "weir-origin ready" "$started"
  address=$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$work/$1.log")
}

# start_weir CPU CONFIG: pid in `weir_pid`; addresses by `weir_address LISTENER`.
start_weir() {
  background "$work/weir.log" taskset -c "$1" "$bin/weir" run -c "$2"
  weir_pid=$started
  wait_for_text "$work/weir.log" "weir ready" "$weir_pid"
}

weir_address() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$work/weir.log" | head -n 1; }

# A certificate for localhost: $work/cert.pem, $work/key.pem.
make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
}

# CPU nanoseconds that a process and its children have used, all threads.
cpu_ns() {
  local pid sum=0 ns
  for pid in "$1" $(pgrep -P "$1" || true); do
    for task in /proc/"$pid"/task/*/schedstat; do
      ns=$(cut -d' ' -f1 "$task" 2>/dev/null || echo 0)
      sum=$((sum + ns))
    done
  done
  echo "$sum"
}

rss_kib() { awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"; }

# Median of the numbers on standard input.
median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

#!/usr/bin/env bash
# Runs every fuzz target, or those named, for so many seconds each: tests/fuzz/run.sh [SECONDS] [NAME...]
# Seeds come from tests/fuzz/corpus/NAME. What a run finds goes below build/fuzz: new inputs to corpus/NAME,
# crashes to findings/NAME. A crash that is fixed belongs into tests/fuzz/corpus/NAME, where every build replays it.
set -euo pipefail

case ${1:-} in
  --help | -h) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;;
esac

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly seconds=${1:-60}
shift || true
[[ $seconds =~ ^[0-9]+$ ]] || { echo "tests/fuzz/run.sh: '$seconds' is not a number of seconds" >&2; exit 2; }

names=("$@")
if [[ ${#names[@]} -eq 0 ]]; then
  for source in tests/fuzz/*.cpp; do names+=("$(basename "$source" .cpp)"); done
fi

deploy/packages.sh build test
cmake --preset fuzz
cmake --build --preset fuzz

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
ASAN_SYMBOLIZER_PATH=$(deploy/packages.sh --llvm)/bin/llvm-symbolizer
export ASAN_SYMBOLIZER_PATH

fuzz_one() {
  local name=$1 seconds=$2 work=build/fuzz
  local log=$work/findings/$name/log options=()
  mkdir -p "$work/corpus/$name" "$work/findings/$name" "tests/fuzz/corpus/$name"
  [[ ! -f tests/fuzz/$name.dict ]] || options+=("-dict=tests/fuzz/$name.dict")
  if "$work/bin/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$work/findings/$name/" "${options[@]}" "$work/corpus/$name" "tests/fuzz/corpus/$name" \
    >"$log" 2>&1 </dev/null; then
    echo "$name: clean, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs in $seconds s"
  else
    echo "$name: FINDING, see $log" >&2
    tail -n 40 "$log" >&2
    return 1
  fi
}
export -f fuzz_one

# shellcheck disable=SC2016  # expanded by the inner shell
printf '%s\n' "${names[@]}" | xargs -P "$(nproc)" -I NAME bash -c 'fuzz_one NAME "$1"' fuzz_one "$seconds"

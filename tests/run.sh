#!/usr/bin/env bash
# From a fresh Debian 12 to passing tests: packages, build, all tests. Ends with ctest's own summary.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: tests/run.sh [--preset NAME] [--label REGEX] [--filter REGEX] [--target NAMES] [--driver NAME] [--all]

  --preset NAME    dev (default), asan, tsan, gcc or coverage
  --label REGEX    only tests with that label: unit, integration, tidy
  --filter REGEX   only tests whose name matches
  --target NAMES   build only these, such as 'weir unit_core'; together with --filter
  --driver NAME    after that the integration tests, as another preset built them, with this one's weir and weir-origin:
                   what connects to a sanitized process needs no sanitizer itself
  --all            dev, gcc, asan and tsan one after another, then each fuzz target for a minute
  --help           this text
TEXT
}

preset=dev
label=""
filter=""
target=""
driver=""
all=false
while [[ $# -gt 0 ]]; do
  case $1 in
    --preset | --label | --filter | --target | --driver)
      [[ -n ${2:-} ]] || { usage >&2; exit 2; }
      declare "${1#--}=$2"
      shift
      ;;
    --all) all=true ;;
    --help | -h) usage; exit 0 ;;
    *) echo "tests/run.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
for each in "$preset" "${driver:-dev}"; do
  case $each in
    dev | asan | tsan | gcc | coverage) ;;
    *) echo "tests/run.sh: no tests in preset '$each'" >&2; exit 2 ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
jobs=$(nproc)

say() { printf '\n==> %s\n' "$*"; }

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=$PWD/tests/tsan.supp
ASAN_SYMBOLIZER_PATH=$(deploy/packages.sh --llvm)/bin/llvm-symbolizer
export ASAN_SYMBOLIZER_PATH
export TSAN_SYMBOLIZER_PATH=$ASAN_SYMBOLIZER_PATH
export LLVM_PROFILE_FILE=$PWD/build/coverage/profiles/%p.profraw

# run_preset NAME: configure, build, test.
run_preset() {
  local name=$1 started=$SECONDS built
  say "$name: build"
  cmake --preset "$name"
  local targets=()
  read -r -a targets <<<"$target"
  cmake --build --preset "$name" ${targets:+--target "${targets[@]}"}
  built=$SECONDS
  say "$name: tests (build took $((built - started)) s)"
  local selection=()
  [[ -z $label ]] || selection+=(-L "$label")
  [[ -z $filter ]] || selection+=(-R "$filter")
  # ThreadSanitizer's memory map does not fit every kernel's address randomisation.
  local wrapper=()
  if [[ $name == tsan ]] && setarch "$(uname -m)" -R true 2>/dev/null; then wrapper=(setarch "$(uname -m)" -R); fi
  # Most tests wait most of their time; under sanitizers they compute more.
  local parallel=$((2 * jobs))
  case $name in
    asan | tsan) parallel=$((jobs + 1)) ;;
  esac
  local run=("${wrapper[@]}" ctest -j "$parallel" --output-on-failure --no-tests=error)
  "${run[@]}" --test-dir "build/$name" "${selection[@]}" </dev/null
  if [[ -n $driver ]]; then
    cmake --preset "$driver"
    cmake --build --preset "$driver" --target integration
    local environment=(WEIR_BIN="$PWD/build/$name/bin/weir" WEIR_ORIGIN_BIN="$PWD/build/$name/bin/weir-origin")
    case $name in
      asan | tsan) environment+=(WEIR_TEST_SANITIZED=1) ;;
    esac
    env "${environment[@]}" "${run[@]}" --test-dir "build/$driver" -R '^integration:' </dev/null
  fi
  say "$name: passed (tests took $((SECONDS - built)) s)"
}

say "Packages"
deploy/packages.sh build run test

if $all; then
  for each in dev gcc asan tsan; do run_preset "$each"; done
  tests/fuzz/run.sh 60
else
  run_preset "$preset"
fi

#!/usr/bin/env bash
# Line coverage of proxy/ by all tests: a table here, annotated sources in build/coverage/html.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
llvm=$(deploy/packages.sh --llvm)/bin
readonly llvm

rm -rf build/coverage/profiles
tests/run.sh --preset coverage --label 'unit|integration'

"$llvm/llvm-profdata" merge -sparse build/coverage/profiles/*.profraw -o build/coverage/all.profdata
objects=()
for binary in build/coverage/bin/*; do objects+=(-object "$binary"); done
"$llvm/llvm-cov" show -format=html -output-dir=build/coverage/html -instr-profile=build/coverage/all.profdata \
  "${objects[@]}" proxy
"$llvm/llvm-cov" report -instr-profile=build/coverage/all.profdata "${objects[@]}" proxy

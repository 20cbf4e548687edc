#!/usr/bin/env bash
# Installs the types and schemas that tests/manifests checks the files of deploy/ against, from the npm registry into
# build/manifests: at the versions of package-lock.json. The programs come with deploy/packages.sh manifests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=../../build/manifests
mkdir -p "$folder"
cp package.json package-lock.json "$folder"
npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund

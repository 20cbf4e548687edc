#!/usr/bin/env bash
# Installs what the tests of the admin page drive a browser with, from the npm registry into build/page: at the
# versions of package-lock.json. Chromium and Node.js come with deploy/packages.sh page.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=../../build/page
mkdir -p "$folder"
cp package.json package-lock.json "$folder"
npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# lint.sh: the LuCI pages under eslint 9, which comes from npm (eslint.config.mjs has the rules). By
# hand: Debian 12 has version 6 alone, and CI fetches nothing but Debian's packages.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund eslint@9 @eslint/js@9
cp "$here/eslint.config.mjs" .
cp -r "$here/../../openwrt/luci-app-gatehouse" pages
npx eslint --max-warnings 0 pages
echo "eslint: nothing to say"

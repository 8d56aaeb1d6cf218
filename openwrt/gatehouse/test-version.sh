#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Takes the place of the feed's own look for the version, which would try every program.

[ "${PKG_NAME:-$1}" = gatehouse ] || exit 0
gatehouse --version | grep -F "gatehouse ${PKG_VERSION:-$2}"

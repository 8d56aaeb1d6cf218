#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build.sh ROUTER IMAGEBUILDER PACKAGES: makes an image with OpenWrt's ImageBuilder for a router of
# the list beside this script. PACKAGES is a folder with the built packages of this feed (.apk or
# .ipk); the ImageBuilder is that of the router's target, and of the same release.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

(($# == 3)) || fail "usage: build.sh ROUTER IMAGEBUILDER PACKAGES; routers: $(awk '!/^#/ { printf "%s ", $1 }' "$here/routers")"
router=$1 builder=$2 packages=$3

profile=$(awk -v name="$router" '$1 == name { print $3 }' "$here/routers")
[[ -n $profile ]] || fail "no router '$router'"
[[ -f $builder/Makefile ]] || fail "$builder is no ImageBuilder"

mkdir -p "$builder/packages"
found=no
for package in "$packages"/*.apk "$packages"/*.ipk; do
    [[ -f $package ]] || continue
    cp "$package" "$builder/packages/"
    found=yes
done
[[ $found == yes ]] || fail "no packages in $packages"

words=$(grep -v '^#' "$here/packages" | tr '\n' ' ')
make -C "$builder" image PROFILE="$profile" PACKAGES="${words% }" FILES="$here/files"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run by the feed's CI in a container of the target, after installation (opkg or apk): PKG_NAME and
# PKG_VERSION are set. There is no netlink to speak of, so the daemon itself is not started.

case "${PKG_NAME:-$1}" in
	gatehouse) ;;
	*) exit 0 ;;
esac

fail() {
	echo "gatehouse: $1" >&2
	exit 1
}

work="$(mktemp -d)" || exit 1
trap 'rm -rf "$work"' EXIT

gatehouse --version | grep -F "${PKG_VERSION:-$2}" >/dev/null || fail "another version"

printf "config gateway 'main'\n\toption wan 'eth0'\n\tlist lan 'br-lan'\n" >"$work/good"
gatehouse check -c "$work/good" || fail "refuses the smallest configuration"

printf "config gateway 'main'\n\toption wam 'eth0'\n" >"$work/bad"
if gatehouse check -c "$work/bad" 2>"$work/said"; then fail "accepts a wrong option"; fi
grep -F ":2:" "$work/said" >/dev/null || fail "does not name the line of a wrong option"

# What the package ships, once somebody has said where the internet is.
cat /etc/config/gatehouse "$work/good" >"$work/shipped"
gatehouse check -c "$work/shipped" || fail "refuses the configuration of the package"
grep -F "option enabled '0'" /etc/config/gatehouse >/dev/null || fail "is enabled when it arrives"

for file in /etc/init.d/gatehouse /usr/libexec/rpcd/gatehouse; do
	[ -x "$file" ] || fail "$file is not executable"
	sh -n "$file" || fail "$file is no shell script"
done

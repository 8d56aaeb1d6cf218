# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Which Debian packages each part needs, and the one way to install them. Source it, then
#     need_packages GROUP...
# installs what is missing of the groups, quietly; it fails with one sentence when it cannot.
# Where packages are managed differently, GATEHOUSE_PACKAGES=skip leaves everything as it is.

declare -A PACKAGE_GROUPS=(
    # the daemon
    [build]="g++ cmake ninja-build pkg-config libmnl-dev libnftables-dev libnftnl-dev
             libmicrohttpd-dev libpugixml-dev"
    # the tests without root: second compiler, checkers
    [tests]="libboost-test-dev binutils clang clang-format clang-tidy libclang-rt-14-dev llvm
             lib32stdc++-12-dev libc6-dev-i386 mandoc python3 shellcheck systemd busybox-static make nodejs"
    # the network in namespaces, and the real clients and servers that live in it
    [lab]="iproute2 iputils-ping nftables conntrack procps tcpdump socat iperf3 curl
           coturn stun-client sip-tester baresip-core linphone-cli kamailio rtpengine-daemon
           python3 python3-gi gir1.2-nice-0.1
           udhcpc isc-dhcp-client dhcpcd-base systemd network-manager dbus dnsmasq-base
           miniupnpc natpmpc gupnp-tools libxml2-utils python3-miniupnpc miniupnpd-nftables
           gir1.2-gupnpigd-1.0 python3-libtorrent transmission-daemon
           chromium"
    # an emulated machine with a Debian kernel (tests/openwrt/run.sh)
    [openwrt]="qemu-system-x86 busybox-static cpio kmod iproute2 nftables g++"
    # memory read before it was written (tests/fuzz/memory.sh)
    [memory]="clang-16 libc++-16-dev libc++abi-16-dev libclang-rt-16-dev"
    # the benchmarks
    [bench]="libboost-test-dev libbenchmark-dev iproute2 nftables conntrack ethtool iperf3 python3
             dnsmasq-base kea-dhcp4-server miniupnpd-nftables"
    # gateway/run.sh: the same house, with the clients that it shows
    [run]="iproute2 iputils-ping nftables conntrack procps socat curl udhcpc sip-tester"
    # and the judges of its NAT types
    [natlab]="iproute2 nftables conntrack coturn stun-client libboost-test-dev"
)

# What is missing of the groups, one package per line.
missing_packages() {
    local group package wanted=""
    for group in "$@"; do
        if [[ -z ${PACKAGE_GROUPS[$group]:-} ]]; then
            echo "there is no package group '$group'" >&2
            return 1
        fi
        wanted+=" ${PACKAGE_GROUPS[$group]}"
    done
    for package in $wanted; do
        dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null |
            grep -qx installed || echo "$package"
    done | sort -u
}

# Runs a command and shows what it said only when it fails.
quietly() {
    local log
    log=$(mktemp)
    if "$@" >"$log" 2>&1 </dev/null; then
        rm -f "$log"
        return 0
    fi
    cat "$log" >&2
    rm -f "$log"
    return 1
}

# Servers that the lab uses (STUN, SIP, DHCP) must not begin to serve this machine when their
# package arrives, so service starts are refused while we install. A policy that is already there
# is the administrator's and stays.
install_packages() (
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    quietly env DEBIAN_FRONTEND=noninteractive apt-get \
        --option DPkg::Lock::Timeout=300 --option Acquire::Retries=3 \
        install --yes --no-install-recommends "$@"
)

need_packages() {
    local missing
    if [[ ${GATEHOUSE_PACKAGES:-install} == skip ]]; then return 0; fi
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "This is not a Debian-like system: install the equivalents of the packages in" \
            "tests/support/packages.sh, then set GATEHOUSE_PACKAGES=skip." >&2
        return 1
    fi
    missing=$(missing_packages "$@") || return 1
    if [[ -z $missing ]]; then return 0; fi
    missing=${missing//$'\n'/ }
    if [[ $EUID -ne 0 ]]; then
        echo "Packages are missing and only root can install them: apt-get install $missing" >&2
        return 1
    fi
    echo "installing: $missing"
    quietly env DEBIAN_FRONTEND=noninteractive apt-get --option Acquire::Retries=3 update || {
        echo "The package lists could not be fetched (see above)." >&2
        return 1
    }
    # shellcheck disable=SC2086 # a list of words
    install_packages $missing || {
        echo "These packages could not be installed (see above): $missing" >&2
        return 1
    }
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh PROGRAM: Gatehouse on a Debian kernel in an emulated machine, for what the kernel under the
# other tests may lack: nft's own queue expression, flowtables, conntrack with queued packets. The
# guest is made of BusyBox, nft, ip and the built daemon; guest/init says what is looked at.
set -euo pipefail

readonly SECONDS_AT_MOST=600
readonly MODULES="veth nfnetlink_queue nf_conntrack_netlink nfnetlink_cttimeout nfnetlink_cthelper
    nft_queue nft_ct nft_nat nft_masq nft_redir nft_chain_nat nft_fib_inet nft_reject_inet nft_limit
    nft_numgen nft_connlimit nft_tproxy nft_objref nft_flow_offload nf_flow_table_inet nft_hash"
readonly PROGRAMS="/usr/sbin/nft /sbin/ip"

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$top/tests/openwrt
# shellcheck source=tests/support/packages.sh
source "$top/tests/support/packages.sh"

download_kernel() {
    local name
    name=$(apt-cache depends linux-image-amd64 | awk '/Depends/ { print $2; exit }')
    [[ -n $name ]] && cd "$work" && quietly apt-get --option Acquire::Retries=3 download "$name"
}

# The newest kernel of this Debian, unpacked in the work folder and not installed. Lists of packages
# that are out of date name one that is gone.
fetch_kernel() {
    (download_kernel) 2>/dev/null || { quietly apt-get update && (download_kernel); }
    dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel"
}

# with_libraries PROGRAM PLACE: copies a program and what it is linked to.
with_libraries() {
    local library
    install -D -m0755 "$1" "$root$2"
    for library in $(ldd "$1" | grep -o '/[^ ]*'); do
        install -D -m0755 "$library" "$root$library"
    done
}

copy_modules() {
    local folder module file release
    release=$(basename "$work"/kernel/lib/modules/*)
    folder=$work/kernel/lib/modules/$release
    /sbin/depmod --basedir "$work/kernel" "$release"
    mkdir -p "$root/modules"
    # crc32c comes first: others look for it by name.
    for module in crc32c_generic $MODULES; do
        /sbin/modprobe --dirname "$work/kernel" --set-version "$release" --show-depends --ignore-install "$module"
    done | awk '/^insmod/ && !seen[$2]++ { print $2 }' | while read -r file; do
        cp "$file" "$root/modules/"
        basename "$file"
    done >"$root/modules/order"
    [[ -s $root/modules/order ]] || { echo "no modules in $folder" >&2; return 1; }
}

make_guest() {
    root=$work/root
    mkdir -p "$root"/{bin,sbin,proc,sys,dev,run}
    install -m0755 /bin/busybox "$root/bin/busybox"
    "$root/bin/busybox" --install -s "$root/bin"
    for link in "$root"/bin/*; do
        if [[ -L $link ]]; then ln -sf busybox "$link"; fi
    done
    rm -f "$root/bin/ip"
    for one in $PROGRAMS; do with_libraries "$one" "$one"; done
    with_libraries "$program" /usr/sbin/gatehouse
    # Loaded only when a ruleset is (gateway/kernel/nft.cpp).
    with_libraries "$(ldconfig -p | awk '/libnftables\.so\.1 / { print $NF; exit }')" /lib/libnftables.so.1
    "${CXX:-g++}" -std=c++20 -O1 -Wall -Wextra -static -o "$root/bin/datagrams" "$here/guest/datagrams.cpp"
    cp "$here/fw4.nft" "$root/fw4.nft"
    cp "$top/openwrt/files/forward.nft" "$top/openwrt/files/input.nft" "$root/"
    install -m0755 "$here/guest/init" "$root/init"
    copy_modules
    (cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/initramfs"
}

run_guest() {
    timeout "$SECONDS_AT_MOST" qemu-system-x86_64 -accel tcg -m 512 -smp 1 -nodefaults -no-reboot \
        -display none -serial stdio -kernel "$work"/kernel/boot/vmlinuz-* -initrd "$work/initramfs" \
        -append "console=ttyS0 quiet panic=-1 oops=panic" </dev/null | tr -d '\r'
}

program=$(realpath "${1:?usage: run.sh PROGRAM}")
need_packages openwrt || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch_kernel
make_guest
run_guest | tee "$work/said" | grep -aE '^(ok|not ok|#|the guest|ERR)' || true
passed=$(grep -ac '^ok ' "$work/said" || true)
failed=$(grep -ac '^not ok ' "$work/said" || true)
if ! grep -aq '^the guest is done' "$work/said"; then
    tail -n 40 "$work/said"
    echo "the guest did not come to its end"
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
((failed == 0))

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# size.sh PROGRAM: what the daemon costs a router. Prints the size of the stripped program and the
# resident memory of an idle daemon, with what the process that writes its files has besides, and
# fails when either is beyond its limit. The daemon runs in a network namespace of its own, between
# two interfaces that lead nowhere.
set -euo pipefail

readonly PROGRAM_LIMIT=$((1280 * 1024)) # bytes of flash
readonly MEMORY_LIMIT=$((6 * 1024))     # KiB of memory
readonly READY="daemon: ready"

fail() {
    echo "size: $*" >&2
    exit 1
}

stripped_size() {
    strip --output-file="$work/stripped" "$program"
    stat --format=%s "$work/stripped"
}

write_configuration() {
    printf '%s\n' "config gateway 'main'" \
        "    option wan 'wan0'" \
        "    list lan 'lan0'" \
        "    option control '$work/control.sock'" \
        "    option state '$work/state'" >"$work/gatehouse.conf"
}

make_interfaces() {
    ip link set lo up
    ip link add wan0 type veth peer name isp0
    ip link add lan0 type veth peer name host0
    for interface in wan0 isp0 lan0 host0; do ip link set "$interface" up; done
    ip address add 11.0.0.1/24 dev wan0
    ip address add 192.168.1.1/24 dev lan0
    ip route add default via 11.0.0.254
}

# Waits at most ten seconds for the daemon to say that it serves.
wait_until_ready() {
    local tries
    for ((tries = 0; tries < 100; ++tries)); do
        if grep -q "$READY" "$work/log"; then return 0; fi
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/log" >&2
    fail "the daemon never said '$READY'"
}

# The resident memory in KiB of the daemon, one second after it was ready.
idle_memory() {
    make_interfaces
    write_configuration
    mkdir -p "$work/state"
    "$work/stripped" run -c "$work/gatehouse.conf" --foreground >"$work/log" 2>&1 &
    daemon=$!
    trap 'kill "$daemon" 2>/dev/null || true' EXIT
    wait_until_ready
    sleep 1
    local writer
    writer=$(cut -d ' ' -f 1 "/proc/$daemon/task/$daemon/children")
    awk '$1 == "Rss:" && FNR == NR || $1 == "Anonymous:" && FNR < NR { sum += $2 } END { print sum }' \
        "/proc/$daemon/smaps_rollup" "/proc/$writer/smaps_rollup"
    kill -TERM "$daemon"
    wait "$daemon" || fail "the daemon did not end cleanly (exit $?)"
}

program=${1:?usage: size.sh PROGRAM}
if [[ -n ${GATEHOUSE_SIZE_WORK:-} ]]; then
    work=$GATEHOUSE_SIZE_WORK
    idle_memory
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
size=$(stripped_size)
echo "program: $size bytes stripped (limit $PROGRAM_LIMIT)"
if [[ $EUID -ne 0 ]]; then
    echo "the memory of the daemon can only be measured as root"
    exit 77
fi
memory=$(GATEHOUSE_SIZE_WORK=$work unshare --net -- "$0" "$program")
echo "memory: $memory KiB resident when idle (limit $MEMORY_LIMIT)"
((size <= PROGRAM_LIMIT)) || fail "the program is too large"
((memory <= MEMORY_LIMIT)) || fail "the daemon needs too much memory"

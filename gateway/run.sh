#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Shows Gatehouse at work. It installs and builds what it needs and asks nothing.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: gateway/run.sh                                builds a house in network namespaces and routes it
       gateway/run.sh --lan IFACE --wan IFACE        routes for real, until Ctrl-C
       gateway/run.sh --config FILE                  the same, with a configuration of yours

Several --lan are possible. The interfaces keep the addresses that they have. What else on the
machine would stand in the way (another DHCP server, firewall or network manager) is told before.
Needs root. GATEHOUSE_PROGRAM=FILE runs that program for real instead of building one.
USAGE
}

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/packages.sh
source "$top/tests/support/packages.sh"
# shellcheck source=gateway/conflicts.sh
source "$top/gateway/conflicts.sh"
gatehouse=$top/build/release/gatehouse

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
if [[ ! -t 1 ]]; then say() { printf '\n%s\n' "$*"; }; fi

fail() {
    echo "gateway/run.sh: $*" >&2
    exit 1
}

build() {
    say "Building Gatehouse"
    need_packages build run || exit 1
    cd "$top"
    quietly cmake --preset release -DGATEHOUSE_TESTS=OFF -B build/release-run || exit 1
    quietly cmake --build build/release-run --parallel "$(nproc)" --target gatehouse || exit 1
    gatehouse=$top/build/release-run/gatehouse
    "$gatehouse" --version
}

# The judges of NAT types, with the house that they need.
build_natlab() {
    need_packages natlab || exit 1
    quietly cmake --preset release -DGATEHOUSE_TESTS=ON -B build/release-run || exit 1
    quietly cmake --build build/release-run --parallel "$(nproc)" --target natlab || exit 1
}

# --- for real ----------------------------------------------------------------------------------

check_interface() {
    ip link show dev "$1" >/dev/null 2>&1 || fail "there is no interface '$1'; \`ip link\` lists them"
}

write_config() { # FILE WAN LAN...
    local file=$1 wan=$2 lan
    shift 2
    {
        echo "config gateway 'main'"
        echo "    option wan '$wan'"
        for lan in "$@"; do echo "    list lan '$lan'"; done
        echo "    option flush_on_exit '1'"
    } >"$file"
}

route_for_real() {
    local config=$1 wan=$2 lan folder
    shift 2
    if [[ -n ${GATEHOUSE_PROGRAM:-} ]]; then gatehouse=$GATEHOUSE_PROGRAM; else build; fi
    if [[ -z $config ]]; then
        folder=$(mktemp -d)
        # shellcheck disable=SC2064 # the folder as it is called now
        trap "rm -rf '$folder'" EXIT
        config=$folder/gatehouse.conf
        write_config "$config" "$wan" "$@"
        check_interface "$wan"
        for lan in "$@"; do
            check_interface "$lan"
            if [[ -z $(ip -4 -brief address show dev "$lan" | awk '{ print $3 }') ]]; then
                echo "$lan has no address yet; hosts behind it need one to send to, for example:"
                echo "    ip address add 192.168.1.1/24 dev $lan"
            fi
        done
    else
        wan=$(configured wan <"$config" | head -n 1)
        mapfile -t lans < <(configured lan <"$config")
        set -- "${lans[@]}"
    fi
    "$gatehouse" check -c "$config" || exit $?
    if (($# > 0)); then show_conflicts "$wan" "$@"; fi
    say "Routing. In another terminal: $gatehouse status. Ctrl-C ends it and takes the rules away."
    run_daemon "$config"
}

# configured NAME: its values in the configuration on standard input, one a line.
configured() {
    sed -n "s/^[[:space:]]*\(option\|list\)[[:space:]]\+$1[[:space:]]\+['\"]\?\([^'\" ]*\).*/\2/p"
}

show_conflicts() { # WAN LAN...
    local found
    if found=$(find_conflicts "$@"); then
        say "Nothing else on this machine stands in the way."
    else
        say "What else on this machine may stand in the way, and what to do about it"
        printf '%s\n' "$found" | sed 's/^/  /'
    fi
}

# Until it ends by itself or somebody ends this script. The daemon takes its rules away; without
# them nothing may go through this machine that did not before, so forwarding is as it was.
run_daemon() { # CONFIG
    local forwarding daemon code=0
    forwarding=$(sysctl -n net.ipv4.ip_forward)
    "$gatehouse" run -c "$1" --foreground &
    daemon=$!
    # shellcheck disable=SC2064 # the daemon as it is now
    trap "kill $daemon 2>/dev/null || true" INT TERM HUP
    while wait "$daemon" || code=$?; kill -0 "$daemon" 2>/dev/null; do code=0; done
    trap - INT TERM HUP
    sysctl -q -w net.ipv4.ip_forward="$forwarding"
    exit "$code"
}

# --- the house in namespaces -------------------------------------------------------------------

# All namespaces live in a mount and process namespace of this script: when it ends, in whatever
# way, the kernel takes everything away, and nothing of it has a name outside.
# The first free port for the status page, as seen from this machine.
free_port() {
    local port
    for port in $(seq 8080 8099); do
        if [[ -z $(ss -Hltn "sport = :$port") ]]; then
            echo "$port"
            return
        fi
    done
    fail "no port from 8080 to 8099 is free"
}

# lend_page PORT FOLDER PROCESS: leads a port of this machine to the socket of the house, until the
# process ends.
lend_page() {
    socat "TCP-LISTEN:$1,bind=127.0.0.1,reuseaddr,fork" "UNIX-CONNECT:$2/page" 2>/dev/null &
    local bridge=$!
    while kill -0 "$3" 2>/dev/null; do sleep 0.5; done
    kill "$bridge"
    rm -rf "$2"
}

enter_the_house() {
    local folder='' port=''
    if [[ -t 0 && -t 1 ]]; then
        folder=$(mktemp -d)
        port=$(free_port) || exit 1
        lend_page "$port" "$folder" "$$" &
    fi
    exec unshare --mount --net --pid --fork --kill-child --mount-proc \
        "$top/gateway/run.sh" --inside "$gatehouse" "$$" "$folder" "$port"
}

host() { ip netns exec "$@"; }

cable() { # HOST IFACE HOST IFACE
    ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
    ip -n "$1" link set "$2" up
    ip -n "$3" link set "$4" up
}

build_house() {
    local device
    mount -t tmpfs tmpfs /run
    mkdir -p /run/netns
    for device in router internet phone console pc; do
        ip netns add "$device"
        ip -n "$device" link set lo up
        host "$device" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1
    done
    ip -n router link add br-lan type bridge
    ip -n router link set br-lan up
    ip -n router address add 192.168.1.1/24 dev br-lan
    cable internet eth0 router wan0
    ip -n router address add 11.0.0.1/24 dev wan0
    local last
    for last in 2 3 4; do ip -n internet address add "11.0.0.$last/24" dev eth0; done
    local name
    for name in phone:20 console:30 pc:10; do
        cable "${name%:*}" eth0 router "lan-${name%:*}"
        ip -n router link set "lan-${name%:*}" master br-lan
        ip -n "${name%:*}" address add "192.168.1.${name#*:}/24" dev eth0
        ip -n "${name%:*}" route add default via 192.168.1.1
    done
}

# The configuration of the house: the two interfaces, and addresses for devices that ask.
house_config() {
    write_config /run/gatehouse.conf wan0 br-lan
    {
        echo "    option state '/run/gatehouse'"
        echo "config dhcp 'lan'"
        echo "    option interface 'br-lan'"
        echo "config web 'web'"
        echo "    option listen '192.168.1.1:8080'"
    } >>/run/gatehouse.conf
}

start_router() {
    house_config
    host router "$gatehouse" run -c /run/gatehouse.conf --foreground 2>/run/gatehouse.log &
    local try
    for try in $(seq 100); do
        if grep -q 'daemon: ready' /run/gatehouse.log; then return; fi
        sleep 0.1
    done
    cat /run/gatehouse.log >&2
    fail "the router did not start after $try tries"
}

start_internet() {
    host internet "$gatehouse" stun-server --address 11.0.0.2 --address 11.0.0.3 \
        2>/run/stun.log &
    # A page that names who asked for it; the request is read whole, or the answer may be cut off.
    cat >/run/page.sh <<'PAGE'
while read -r line && [ ${#line} -gt 1 ]; do :; done
printf 'HTTP/1.0 200 OK\r\n\r\nhello %s\n' "$SOCAT_PEERADDR"
PAGE
    host internet socat TCP-LISTEN:80,bind=11.0.0.4,reuseaddr,fork EXEC:'sh /run/page.sh' &
    local try
    for try in $(seq 100); do
        if grep -q 'stun: ready' /run/stun.log; then return; fi
        sleep 0.1
    done
    cat /run/stun.log >&2
    fail "the internet did not start after $try tries"
}

# check TITLE COMMAND...: says whether it went as it should.
check() {
    local title=$1
    shift
    if "$@" >/run/check.log 2>&1; then
        printf '  yes  %s\n' "$title"
    else
        printf '  NO   %s\n' "$title"
        sed 's/^/       /' /run/check.log
        wrong=1
    fi
}

page_from() { host "$1" curl -s -m 5 http://11.0.0.4/ | grep -qx "hello 11.0.0.1"; }
status_page() {
    host "$1" curl -s -m 5 --compressed http://192.168.1.1:8080/ | grep -q '<title>Gatehouse'
}
pings() { host "$1" ping -q -c 1 -W 2 "$2"; }
cannot() { ! "$@"; }
forwarded() {
    local try
    for try in 1 2 3 4 5; do
        if host internet socat -T 2 - TCP:11.0.0.1:8080,connect-timeout=2 </dev/null |
            grep -qx "hello from the pc"; then
            return 0
        fi
        sleep "0.$try"
    done
    return 1
}

# value NAME: of a flat JSON object on standard input.
value() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

# One row: the type that was configured, and what a STUN client inside finds.
show_type() {
    local type=$1 found name nat
    house_config
    printf "config nat 'nat'\n    option type '%s'\n" "$type" >>/run/gatehouse.conf
    host router "$gatehouse" reload >/run/check.log 2>&1 || cat /run/check.log
    # Sessions of the type before would answer for it.
    host router conntrack -F >/run/check.log 2>&1 || cat /run/check.log
    found=$(host phone "$gatehouse" probe 11.0.0.2 --json --wait 100) || wrong=1
    printf '  %-21s' "$type"
    for name in nat_type mapping filtering hairpin; do
        printf ' %-28s' "$(value "$name" <<<"$found")"
    done
    nat=$(value nat_type <<<"$found")
    if [[ $nat == "$type" ]]; then
        echo ' as asked for'
    else
        echo ' WRONG'
        wrong=1
    fi
}

# A device that comes without an address.
gets_a_lease() {
    cat >/run/udhcpc.sh <<'SCRIPT'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add "$ip/$mask" dev "$interface"
ip route replace default via "$router"
SCRIPT
    chmod +x /run/udhcpc.sh
    host tablet udhcpc -n -q -f -i eth0 -x hostname:tablet -s /run/udhcpc.sh
}

show_lease() {
    say "A tablet comes and asks for an address (gatehouse leases)"
    ip netns add tablet
    ip -n tablet link set lo up
    cable tablet eth0 router lan-tablet
    ip -n router link set lan-tablet master br-lan
    check "the tablet gets an address by DHCP" gets_a_lease
    check "the tablet opens a page, and is seen as 11.0.0.1" page_from tablet
    host router "$gatehouse" leases
}

show_types() {
    say "The four NAT types, as the phone finds them (gatehouse probe 11.0.0.2)"
    printf '  %-21s %-28s %-28s %-28s %-28s\n' configured found mapping filtering hairpin
    local type
    for type in full-cone restricted-cone port-restricted-cone symmetric; do show_type "$type"; done
}

# The same question to judges that are not ours, and about a plain router as well.
show_judgements() {
    say "What three judges find in a house of each type, and behind plain Linux masquerade"
    if ! "${gatehouse%/*}/tests/natlab/natlab" --table 2>/run/check.log; then
        cat /run/check.log
        wrong=1
    fi
}

# A scenario of the lab, played once.
sipp_at() { # HOST ADDRESS SCENARIO OPTIONS...
    local device=$1 address=$2 scenario=$3
    shift 3
    TERM=dumb host "$device" sipp -sf "$top/tests/lab/sipp/$scenario.xml" -i "$address" -p 5060 \
        -nostdin -timeout 60s -timeout_error -s bob -m 1 "$@"
}

listens_for_sip() { [[ -n $(host internet ss -Hlun sport = 5060) ]]; }
is_in_a_call() { host router "$gatehouse" calls --json | grep -q '"state":"established"'; }

# until_it COMMAND...: waits until it succeeds.
until_it() {
    local try
    for try in $(seq 300); do
        if "$@"; then return; fi
        sleep 0.1
    done
    echo "not after $try tries: $*"
    return 1
}

# What the far side of a call saw of the phone.
seen_of_the_call() {
    awk '/^UDP message/ { here = 0 } /^INVITE / && !done { here = done = 1 }
         here && /^(INVITE|Via|Contact|Call-ID|c=|m=)/ { print "  " $0 }' /run/far.log | tr -d '\r'
}

show_call() {
    say "A call of the phone, which knows only its inside address, as the server outside sees it"
    write_config /run/gatehouse.conf wan0 br-lan
    host router "$gatehouse" reload >/run/check.log 2>&1 || cat /run/check.log
    sipp_at internet 11.0.0.2 server -mp 7000 -rtp_echo -trace_msg -message_file /run/far.log \
        >/run/server.log 2>&1 &
    local server=$! phone
    check "the server waits for calls" until_it listens_for_sip
    sipp_at phone 192.168.1.20 phone -mp 6000 11.0.0.2:5060 >/run/phone.log 2>&1 &
    phone=$!
    check "the phone is in a call" until_it is_in_a_call
    seen_of_the_call
    host router "$gatehouse" calls
    check "the phone has called, held, resumed and hung up" wait "$phone"
    check "so has the server" wait "$server"
}

show_house() {
    cat <<'PICTURE'

    phone   192.168.1.20 --+
    console 192.168.1.30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2-4 [internet]
    pc      192.168.1.10 --+
PICTURE
    say "What passes, and what does not"
    ip -n internet route add 192.168.1.0/24 via 11.0.0.1
    local device
    for device in phone console pc; do
        check "the $device pings the internet" pings "$device" 11.0.0.2
        check "the $device opens a page, and is seen as 11.0.0.1" page_from "$device"
    done
    check "the internet cannot reach the pc inside" cannot pings internet 192.168.1.10
    check "the pc opens the status page of the router" status_page pc
    check "the internet cannot" cannot status_page internet
    show_lease
    show_types
    show_judgements
    show_call
    say "A forward, made and tried (gatehouse forward add)"
    host router "$gatehouse" forward add --proto tcp --outside 8080 --inside 192.168.1.10:80
    host pc socat TCP-LISTEN:80,reuseaddr,fork SYSTEM:'echo "hello from the pc"' &
    check "the internet now reaches the pc at 11.0.0.1:8080" forwarded
    say "The table (gatehouse mappings), which \`nft list map inet gatehouse source\` lists, too"
    host router "$gatehouse" mappings
    say "What the router says (gatehouse status)"
    host router "$gatehouse" status
    say "Its log"
    sed 's/^<[0-9]>//' /run/gatehouse.log
}

run_inside() {
    gatehouse=$1
    local outer=$2 folder=$3 port=$4
    wrong=0
    say "Building a house in network namespaces"
    build_house
    start_internet
    start_router
    show_house
    say "On real interfaces"
    echo "  gateway/run.sh --lan eth1 --wan eth0"
    if [[ -n $folder ]]; then
        host router socat "UNIX-LISTEN:$folder/page,mode=600,fork" TCP:192.168.1.1:8080 &
        say "The house stands until Ctrl-C. Its status page: http://127.0.0.1:$port/"
        echo "  nsenter -t $outer -m ip netns exec phone bash      (or router, pc, console, internet)"
        trap 'exit "$wrong"' INT TERM
        sleep infinity &
        wait $! || true
    fi
    exit "$wrong"
}

# --- arguments ---------------------------------------------------------------------------------

lans=()
wan=
config=
while (($# > 0)); do
    case $1 in
        --inside)
            run_inside "$2" "$3" "$4" "$5"
            ;;
        --lan | --wan | --config)
            if (($# < 2)); then fail "$1 needs a value"; fi
            case $1 in
                --lan) lans+=("$2") ;;
                --wan) wan=$2 ;;
                --config) config=$2 ;;
            esac
            shift 2
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
done

if [[ $EUID -ne 0 ]]; then fail "this needs root, to make networks and rules"; fi
if [[ -n $config ]]; then
    if [[ -n $wan || ${#lans[@]} -gt 0 ]]; then fail "--config names the interfaces itself"; fi
    route_for_real "$config" ""
elif [[ -n $wan && ${#lans[@]} -gt 0 ]]; then
    route_for_real "" "$wan" "${lans[@]}"
elif [[ -n $wan || ${#lans[@]} -gt 0 ]]; then
    fail "both --lan and --wan are needed"
else
    build
    build_natlab
    enter_the_house
fi

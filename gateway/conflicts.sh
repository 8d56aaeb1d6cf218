# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What else on this machine would stand in the way of a router on these interfaces. Source it, then
#     find_conflicts WAN LAN...
# prints for each thing that is found what it is, and behind four blanks what to do about it. It
# asks the programs that are there, changes nothing, and gives 1 where it has found something.

# conflict WHAT ACTION...
conflict() {
    conflicts=$((conflicts + 1))
    printf '%s\n' "$1"
    shift
    printf '    %s\n' "$@"
}

has_program() { command -v "$1" >/dev/null 2>&1; }

# Who listens on port 67 gives out addresses, or relays questions for them.
find_dhcp_servers() {
    local who
    has_program ss || return 0
    who=$(ss -Hulpn 'sport = :67' 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)".*/\1/p' |
        sort -u | paste -sd ' ') || return 0
    [[ -n $who ]] || return 0
    conflict "$who listens on port 67: two DHCP servers in one house give out each other's addresses" \
        "stop it, or leave config dhcp out of the configuration and let it serve"
}

# Chains of others that drop what is forwarded, and other translations.
find_foreign_rules() {
    local rules table
    has_program nft || return 0
    rules=$(nft list ruleset 2>/dev/null) || return 0
    while read -r table; do
        [[ -n $table ]] || continue
        if [[ $table == "ip filter" ]] && grep -q 'chain DOCKER-USER' <<<"$rules"; then
            conflict "docker drops what is forwarded (table ip filter, chain FORWARD)" \
                "iptables -I DOCKER-USER -i $1 -o $2 -j ACCEPT" \
                "iptables -I DOCKER-USER -i $2 -o $1 -j ACCEPT"
        else
            conflict "table $table of another program drops what is forwarded" \
                "let pass there what goes between $1 and $2, or take it away: nft delete table $table"
        fi
    done < <(tables_with 'hook forward .*policy drop' "$rules")
    while read -r table; do
        [[ -n $table ]] || continue
        conflict "table $table of another program translates addresses, too" \
            "take its rule for $2 away: nft -a list table $table"
    done < <(tables_with "oif(name)? \"$2\".* masquerade" "$rules")
}

# tables_with PATTERN RULES: the tables but our own that have such a line.
tables_with() {
    awk -v pattern="$1" '/^table / { table = $2 " " $3 }
        table != "inet gatehouse" && $0 ~ pattern && !seen[table]++ { print table }' <<<"$2"
}

find_firewalls() {
    if has_program ufw && ufw status 2>/dev/null | grep -q '^Status: active'; then
        conflict "ufw is active, and drops what is forwarded" \
            "ufw route allow in on $1 out on $2, and let Gatehouse do the rest: or ufw disable"
    fi
    if has_program firewall-cmd && firewall-cmd --state >/dev/null 2>&1; then
        conflict "firewalld is running, and drops what is forwarded" \
            "firewall-cmd --zone=trusted --change-interface=$1" \
            "or stop it while Gatehouse routes: systemctl stop firewalld"
    fi
}

# Whoever manages an inside interface may take its address away or share a connection by itself.
find_managers() { # LAN...
    local lan state
    for lan in "$@"; do
        if has_program nmcli; then
            state=$(nmcli -t -f DEVICE,STATE device 2>/dev/null |
                awk -F: -v device="$lan" '$1 == device { print $2 }') || state=
            if [[ -n $state && $state != unmanaged* ]]; then
                conflict "NetworkManager manages $lan ($state), and may take its address away" \
                    "nmcli device set $lan managed no"
            fi
        fi
        if has_program networkctl; then
            state=$(networkctl list --no-legend --no-pager 2>/dev/null |
                awk -v device="$lan" '$2 == device { print $NF }') || state=
            if [[ -n $state && $state != unmanaged ]]; then
                conflict "systemd-networkd manages $lan ($state)" \
                    "see that its file sets no DHCPServer= and no IPMasquerade=: networkctl status $lan"
            fi
        fi
    done
}

find_conflicts() { # WAN LAN...
    local wan=$1 conflicts=0
    shift
    find_dhcp_servers
    find_firewalls "$1" "$wan"
    find_foreign_rules "$1" "$wan"
    find_managers "$@"
    [[ $conflicts -eq 0 ]]
}

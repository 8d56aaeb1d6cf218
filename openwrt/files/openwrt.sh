# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# What Gatehouse and the rest of OpenWrt have to do with each other. Sourced by the init script,
# uci-defaults, the removal script and the ubus plugin.
#
# The daemon reads one file and knows nothing of OpenWrt. /etc/config/gatehouse becomes that file
# here, because only here are the logical networks, their devices and /etc/config/dhcp known, in
# which users and LuCI's own pages keep pools and static leases. So those pages stay true, and the
# daemon needs neither libuci nor ubus.
#
# A pool that Gatehouse serves has `option gatehouse_dhcpv4` in /etc/config/dhcp: what its dhcpv4
# was before, so that it can be given back. `option gatehouse '0'` in a pool leaves it to dnsmasq.

. "${IPKG_INSTROOT}/lib/functions.sh"
. "${IPKG_INSTROOT}/lib/functions/network.sh"

GH_FILE=/var/etc/gatehouse.conf
GH_NAME=gatehouse
GH_STATE=/etc/gatehouse
GH_LEASES=/tmp/dhcp.leases
GH_HOSTS=/tmp/hosts/gatehouse
GH_OWN_PORTS=/proc/sys/net/ipv4/ip_local_port_range

gh_say() {
	logger -t "$GH_NAME" -p "daemon.$1" "$2"
}

# A value as one word of UCI text. A line break in it would only be seen by the daemon.
gh_quote() {
	local rest="$1" out=""
	while [ "$rest" != "${rest#*\'}" ]; do
		out="$out${rest%%\'*}'\\''"
		rest="${rest#*\'}"
	done
	printf "'%s'" "$out$rest"
}

# gh_device VARIABLE NETWORK: the device of a logical network, from netifd or, while it is down,
# from its configuration; empty where only the connection will tell (modems).
gh_device() {
	local gh_proto="" gh_found=""
	if ! network_get_device gh_found "$2" || [ -z "$gh_found" ]; then
		gh_proto="$(uci -q get "network.$2.proto")"
		case "$gh_proto" in
			pppoe | pppoa | pptp | l2tp) gh_found="$gh_proto-$2" ;;
			*) gh_found="$(uci -q get "network.$2.device")" ;;
		esac
		case "$gh_found" in
			/* | @*) gh_found="" ;;
		esac
	fi
	eval "$1=\$gh_found"
}

gh_first_section() {
	[ -n "$GH_SECTION" ] || GH_SECTION="$1"
}

gh_add_lan() {
	GH_LAN="$GH_LAN $1"
}

# Sets GH_SECTION, GH_ENABLED, GH_WAN and GH_LAN; GH_WAN_FOUND and GH_LAN_FOUND are 1 where the
# configuration leaves them to the networks wan and lan.
gh_read_gateway() {
	local device=""
	GH_SECTION="" GH_WAN="" GH_LAN="" GH_WAN_FOUND=0 GH_LAN_FOUND=0
	config_load "$GH_NAME"
	config_foreach gh_first_section gateway
	config_get_bool GH_ENABLED "$GH_SECTION" enabled 1
	[ -n "$GH_SECTION" ] || GH_ENABLED=0
	config_get GH_WAN "$GH_SECTION" wan
	config_list_foreach "$GH_SECTION" lan gh_add_lan
	GH_LAN="${GH_LAN# }"
	# A device that only the connection will tell is not there yet: the house is served meanwhile.
	if [ -z "$GH_WAN" ]; then
		GH_WAN_FOUND=1
		gh_device device wan
		GH_WAN="${device:-wan}"
	fi
	if [ -z "$GH_LAN" ]; then
		GH_LAN_FOUND=1
		gh_device device lan
		GH_LAN="${device:-br-lan}"
	fi
}

gh_is_lan() {
	local one
	for one in $GH_LAN; do
		[ "$one" != "$1" ] || return 0
	done
	return 1
}

gh_note_own_pool() {
	local interface
	config_get interface "$1" interface
	GH_OWN_POOLS="$GH_OWN_POOLS $interface"
}

# Interfaces for which /etc/config/gatehouse has pools of its own, in GH_OWN_POOLS.
gh_read_own_pools() {
	GH_OWN_POOLS=""
	config_load "$GH_NAME"
	config_foreach gh_note_own_pool dhcp
}

gh_has_own_pool() {
	local one
	for one in $GH_OWN_POOLS; do
		[ "$one" != "$1" ] || return 0
	done
	return 1
}

# ---- who gives out addresses ---------------------------------------------------------------

# Gives the pool back to dnsmasq as it was.
gh_give_pool() {
	local before
	config_get before "$1" gatehouse_dhcpv4
	[ -n "$before" ] || return 0
	if [ "$before" = "-" ]; then
		uci -q delete "dhcp.$1.dhcpv4"
	else
		uci -q set "dhcp.$1.dhcpv4=$before"
	fi
	uci -q delete "dhcp.$1.gatehouse_dhcpv4"
	GH_DHCP_CHANGED=1
}

# Takes the pool over, or gives it back where it is not ours any more.
gh_settle_pool() {
	local network device ignore wanted dhcpv4 before
	config_get network "$1" interface
	[ -n "$network" ] || return 0
	config_get_bool ignore "$1" ignore 0
	config_get_bool wanted "$1" gatehouse 1
	config_get dhcpv4 "$1" dhcpv4
	config_get before "$1" gatehouse_dhcpv4
	gh_device device "$network"
	if [ "$wanted" = 0 ] || [ "$ignore" = 1 ] || ! gh_is_lan "$device"; then
		gh_give_pool "$1"
		return 0
	fi
	if [ -n "$before" ]; then
		[ "$dhcpv4" != disabled ] || return 0
		# Somebody has switched dnsmasq on again, on LuCI's page for example: that counts.
		uci -q delete "dhcp.$1.gatehouse_dhcpv4"
		uci -q set "dhcp.$1.gatehouse=0"
		GH_DHCP_CHANGED=1
		gh_say notice "dhcp pool '$1' was given back to dnsmasq by its dhcpv4"
		return 0
	fi
	[ "$dhcpv4" != disabled ] || return 0
	uci -q set "dhcp.$1.gatehouse_dhcpv4=${dhcpv4:--}"
	uci -q set "dhcp.$1.dhcpv4=disabled"
	GH_DHCP_CHANGED=1
}

gh_commit_dhcp() {
	local server
	[ "$GH_DHCP_CHANGED" = 1 ] || return 0
	uci -q commit dhcp
	for server in dnsmasq odhcpd; do
		[ ! -x "/etc/init.d/$server" ] || "/etc/init.d/$server" reload
	done
}

# After gh_read_gateway: makes /etc/config/dhcp say who serves which pool. Repeating it changes
# nothing.
gh_settle_dhcp() {
	GH_DHCP_CHANGED=0
	config_load dhcp
	if [ "$GH_ENABLED" = 1 ]; then
		config_foreach gh_settle_pool dhcp
	else
		config_foreach gh_give_pool dhcp
	fi
	gh_commit_dhcp
}

# ---- pools and static leases of /etc/config/dhcp in the daemon's words --------------------------

gh_option() {
	printf '\toption %s %s\n' "$1" "$(gh_quote "$2")"
}

gh_list() {
	printf '\tlist %s %s\n' "$1" "$(gh_quote "$2")"
}

# gh_each KIND VALUES: a list for each of the values with commas between them.
gh_each() {
	local rest="$2," one
	while [ -n "$rest" ]; do
		one="${rest%%,*}"
		rest="${rest#*,}"
		[ -z "$one" ] || gh_list "$1" "$one"
	done
}

gh_is_address() {
	case "$1" in
		*[!0-9.]* | "") return 1 ;;
		*.*.*.*) return 0 ;;
	esac
	return 1
}

# One `dhcp_option` in the words of dnsmasq: "6,192.168.1.1", "option:ntp-server,..." and so on.
gh_dhcp_option() {
	local number="${1%%,*}" values="${1#*,}"
	[ "$values" != "$1" ] || values=""
	case "${number#option:}" in
		3 | router) gh_option router "${values%%,*}" ;;
		6 | dns-server) gh_each dns "$values" ;;
		15 | domain-name) GH_DOMAIN="$values" ;;
		26 | mtu) gh_option mtu "$values" ;;
		42 | ntp-server) gh_each ntp "$values" ;;
		66 | tftp-server) gh_option boot_server "$values" ;;
		67 | bootfile-name) gh_option boot_file "$values" ;;
		114) gh_option captive_portal "$values" ;;
		119 | domain-search) gh_each search "$values" ;;
		120 | sip-server) gh_each sip_server "$values" ;;
		*[!0-9]* | "") GH_UNREAD="$GH_UNREAD '$1'" ;;
		*)
			if gh_is_address "${values%%,*}"; then
				gh_list dhcp_option "$number,address,$values"
			else
				gh_list dhcp_option "$number,text,$values"
			fi
			;;
	esac
}

gh_write_pool() {
	local network device served value
	config_get served "$1" gatehouse_dhcpv4
	[ -n "$served" ] || return 0
	config_get network "$1" interface
	gh_device device "$network"
	[ -n "$device" ] && gh_is_lan "$device" && ! gh_has_own_pool "$device" || return 0
	printf "\nconfig dhcp %s\n" "$(gh_quote "pool_$1")"
	gh_option interface "$device"
	for value in start limit leasetime; do
		local found=""
		config_get found "$1" "$value"
		[ -z "$found" ] || gh_option "$value" "$found"
	done
	GH_DOMAIN="$GH_DNSMASQ_DOMAIN"
	config_list_foreach "$1" dhcp_option gh_dhcp_option
	[ -z "$GH_DOMAIN" ] || gh_option domain "$GH_DOMAIN"
	GH_POOLS="$GH_POOLS $1"
}

gh_write_host() {
	local mac ip name leasetime one
	config_get mac "$1" mac
	config_get ip "$1" ip
	config_get name "$1" name
	config_get leasetime "$1" leasetime
	if ! gh_is_address "$ip"; then
		# A name or a tag alone reserves nothing.
		[ "$ip" != ignore ] || GH_UNREAD="$GH_UNREAD 'host ${name:-$mac} with ip ignore'"
		return 0
	fi
	printf '\nconfig static_lease\n'
	for one in $mac; do
		gh_list mac "$one"
	done
	gh_option address "$ip"
	[ -z "$name" ] || gh_option name "${name%% *}"
	[ -z "$leasetime" ] || gh_option leasetime "$leasetime"
}

gh_read_dnsmasq() {
	local found
	config_get found "$1" domain
	GH_DNSMASQ_DOMAIN="${found:-$GH_DNSMASQ_DOMAIN}"
}

gh_count_foreign_pool() {
	local ignore dhcpv4
	config_get_bool ignore "$1" ignore 0
	config_get dhcpv4 "$1" dhcpv4
	[ "$ignore" = 1 ] || [ "$dhcpv4" = disabled ] || GH_FOREIGN_POOLS=$((GH_FOREIGN_POOLS + 1))
}

gh_note_files_section() {
	GH_OWN_FILES=1
}

# Where LuCI looks for leases; while dnsmasq serves another pool, that file is its own.
gh_write_dhcp_files() {
	[ "$GH_OWN_FILES" = 0 ] && [ -n "$GH_POOLS" ] || return 0
	printf "\nconfig dhcp_files 'openwrt'\n"
	gh_option hosts "$GH_HOSTS"
	GH_FOREIGN_POOLS=0
	config_foreach gh_count_foreign_pool dhcp
	[ "$GH_FOREIGN_POOLS" -gt 0 ] || gh_option leases "$GH_LEASES"
}

# After gh_read_gateway: the daemon's whole configuration. What it says of /etc/config/gatehouse
# stands in front, so that lines have the same numbers in both.
gh_write_config() {
	local one state
	cat "/etc/config/$GH_NAME"
	printf '\n# From /etc/config/network and /etc/config/dhcp.\n'
	config_load "$GH_NAME"
	config_get state "$GH_SECTION" state
	if [ "$GH_WAN_FOUND$GH_LAN_FOUND" != 00 ] || [ -z "$state" ]; then
		printf 'config gateway %s\n' "$(gh_quote "$GH_SECTION")"
		[ -n "$state" ] || gh_option state "$GH_STATE"
		[ "$GH_WAN_FOUND" = 0 ] || gh_option wan "$GH_WAN"
		for one in $GH_LAN; do
			[ "$GH_LAN_FOUND" = 0 ] || gh_list lan "$one"
		done
	fi
	gh_read_own_pools
	GH_OWN_FILES=0
	config_foreach gh_note_files_section dhcp_files
	GH_POOLS="" GH_UNREAD="" GH_DNSMASQ_DOMAIN=""
	config_load dhcp
	config_foreach gh_read_dnsmasq dnsmasq
	config_foreach gh_write_pool dhcp
	[ -z "$GH_POOLS" ] || config_foreach gh_write_host host
	gh_write_dhcp_files
	[ -z "$GH_UNREAD" ] || gh_say warn "not understood in /etc/config/dhcp:$GH_UNREAD"
}

# ---- what a user should know ------------------------------------------------------------------

gh_flow_offloading() {
	[ "$(uci -q get 'firewall.@defaults[0].flow_offloading')" = 1 ]
}

# Whether firewall4 lets in what Gatehouse has let in: its ruleset has our include, or firewall4
# has no ruleset at all.
gh_has_include() {
	local rules
	rules="$(nft list chain inet fw4 forward 2>/dev/null)" || return 0
	case "$rules" in
		*"gatehouse:"*) return 0 ;;
	esac
	return 1
}

# Everything on this router that keeps Gatehouse from its work, a sentence a line.
gh_notes() {
	local firewall mode
	config_load "$GH_NAME"
	config_get_bool firewall main firewall 1
	config_get mode sip mode auto
	if [ "$firewall" = 0 ] && [ "$(uci -q get 'firewall.@defaults[0].auto_includes')" = 0 ]; then
		echo "firewall: auto_includes is 0, so firewall4 drops what forwards and pinholes let in;" \
			"set it to 1, or include /usr/share/nftables.d yourself"
	elif [ "$firewall" = 0 ] && ! gh_has_include; then
		echo "firewall: firewall4 has not read the rules that let in what Gatehouse lets in;" \
			"'service firewall reload' brings them in"
	fi
	# Where firewall4 filters, calls pass before it could offload them.
	if [ "$firewall" = 1 ] && [ "$mode" != off ] && gh_flow_offloading; then
		echo "firewall: flow_offloading hides calls from the SIP gateway while Gatehouse filters;" \
			"set main.firewall to 0, so that firewall4 filters, or flow_offloading to 0"
	fi
	if [ -x /etc/init.d/miniupnpd ] && /etc/init.d/miniupnpd enabled; then
		echo "miniupnpd is enabled and answers the same devices; disable it, or set igd, natpmp" \
			"and pcp to 0"
	fi
}

# ---- going back ---------------------------------------------------------------------------------

# The kernel without our rules: firewall4 translates again. The range of the router's own ports is
# the kernel's default.
gh_clear_kernel() {
	nft delete table inet "$GH_NAME" 2>/dev/null
	[ ! -e "$GH_OWN_PORTS" ] || echo "32768 60999" >"$GH_OWN_PORTS"
}

# Everything as it was before the package came; for its removal.
gh_remove() {
	"/etc/init.d/$GH_NAME" stop
	GH_ENABLED=0
	gh_settle_dhcp
	gh_clear_kernel
	rm -f "$GH_FILE"
}

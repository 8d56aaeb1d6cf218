# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# shellcheck disable=SC3043
#
# A stand-in for /lib/functions.sh and /lib/functions/network.sh of OpenWrt. A callback sees list
# items one by one; of a list, config_get gives the items with blanks between.

# Some builds of busybox run their own rather than what PATH finds.
chown() {
    echo "chown $*" >>/tmp/calls
}

logger() {
    echo "logger $*" >>/tmp/calls
}

config_load() {
    local name
    for name in $CONFIG_SECTIONS; do
        # shellcheck disable=SC2046 # a list of names
        unset $(set | sed -n "s/^\(CONFIG_${name}_[A-Za-z0-9_]*\)=.*/\1/p")
    done
    CONFIG_SECTIONS=""
    eval "$(uci export-shell "$1")"
}

config_get() {
    eval "$1=\${CONFIG_${2}_${3}:-\$4}"
}

config_get_bool() {
    local gh_value=""
    config_get gh_value "$2" "$3" "$4"
    case "$gh_value" in
        1 | on | true | yes | enabled) gh_value=1 ;;
        0 | off | false | no | disabled) gh_value=0 ;;
        *) gh_value="$4" ;;
    esac
    eval "$1=\$gh_value"
}

config_foreach() {
    local function="$1" type="$2" section kind
    shift 2
    for section in $CONFIG_SECTIONS; do
        config_get kind "$section" TYPE
        [ "$kind" != "$type" ] || "$function" "$section" "$@"
    done
}

config_list_foreach() {
    local section="$1" option="$2" function="$3" count=0 number=1 item
    shift 3
    config_get count "$section" "${option}_LENGTH" 0
    while [ "$number" -le "$count" ]; do
        config_get item "$section" "${option}_ITEM$number"
        "$function" "$item" "$@"
        number=$((number + 1))
    done
}

# What netifd would say: /tmp/devices has a line "NETWORK DEVICE" for each network that is up.
network_get_device() {
    local found
    found="$(sed -n "s/^$2 //p" /tmp/devices 2>/dev/null)"
    eval "$1=\$found"
    [ -n "$found" ]
}

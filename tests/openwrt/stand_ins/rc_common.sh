#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC3043
#
# A stand-in for /etc/rc.common and procd: what a script says to procd becomes lines of /tmp/calls,
# and /tmp/running tells whether its program runs.
# shellcheck source=tests/openwrt/stand_ins/functions.sh
. /lib/functions.sh

note() {
    echo "$*" >>/tmp/calls
}

extra_command() {
    COMMANDS="$COMMANDS $1"
}

for one in open_instance close_instance set_param append_param add_jail add_reload_trigger \
    add_reload_interface_trigger; do
    eval "procd_$one() { note procd_$one \"\$@\"; }"
done

procd_close_instance() {
    note procd_close_instance
    touch /tmp/running
}

service_running() {
    [ -e /tmp/running ]
}

start() {
    start_service
    service_triggers
}

stop() {
    note stop
    rm -f /tmp/running
}

restart() {
    note restart
    stop
    start
}

reload() {
    reload_service
}

initscript="$1"
# shellcheck disable=SC1090
. "$initscript"
"$2"

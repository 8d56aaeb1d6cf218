# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Completion of gatehouse's command line for bash; it needs no other package.

_gatehouse() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local command=${COMP_WORDS[1]-} words=""
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        words="run check reload status mappings sessions forwards pinholes hosts leases calls messages
            events why forward probe stun-server --version --help"
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
        return
    fi
    case $before in
        -c | --socket)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return ;;
        --proto) words="tcp udp both" ;;
        --outside | --inside | --remote | --lifetime | --name | --address | --port | --alt-port | \
            --local | --wait) return ;;
        *)
            case $command in
                run) words="-c --foreground" ;;
                check) words="-c" ;;
                reload) words="-c --socket" ;;
                status | mappings | sessions | forwards | pinholes | hosts | leases | calls | \
                    messages)
                    words="--json --watch --socket" ;;
                why) words="--json --watch --socket"
                    ((COMP_CWORD > 2)) || words="tcp udp icmp" ;;
                events) words="--json --socket" ;;
                forward) words=$(_gatehouse_forward) ;;
                probe) words="--json --lifetime --local --wait" ;;
                stun-server) words="--address --port --alt-port" ;;
            esac ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

_gatehouse_forward() {
    case ${COMP_WORDS[2]-}/$COMP_CWORD in
        */2) echo "add del --help" ;;
        add/*) echo "--proto --outside --inside --remote --lifetime --name --json --socket" ;;
        # The numbers of those that are there, where the daemon answers.
        del/*) gatehouse forwards 2>/dev/null | while read -r id _; do
            [[ $id == ID ]] || echo "$id"
        done ;;
    esac
}

complete -F _gatehouse gatehouse

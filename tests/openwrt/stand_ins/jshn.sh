# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# shellcheck disable=SC3043
#
# A stand-in for /usr/share/libubox/jshn.sh: python does the quoting and the reading.

json_quote() {
    python3 -c 'import json, sys; sys.stdout.write(json.dumps(sys.argv[1]))' "$1"
}

json_init() {
    JSON="{" JSON_ENDS="}"
}

json_key() {
    case "$JSON" in
        *[\{\[]) ;;
        *) JSON="$JSON," ;;
    esac
    [ -z "$1" ] || JSON="$JSON$(json_quote "$1"):"
}

json_add_object() {
    json_key "$1"
    JSON="${JSON}{" JSON_ENDS="}$JSON_ENDS"
}

json_add_array() {
    json_key "$1"
    JSON="${JSON}[" JSON_ENDS="]$JSON_ENDS"
}

json_close_object() {
    JSON="$JSON${JSON_ENDS%"${JSON_ENDS#?}"}" JSON_ENDS="${JSON_ENDS#?}"
}

json_close_array() {
    json_close_object
}

json_add_string() {
    json_key "$1"
    JSON="$JSON$(json_quote "$2")"
}

json_add_int() {
    json_key "$1"
    JSON="$JSON$2"
}

json_add_boolean() {
    json_key "$1"
    if [ "$2" = 1 ]; then JSON="${JSON}true"; else JSON="${JSON}false"; fi
}

json_dump() {
    printf '%s%s\n' "$JSON" "$JSON_ENDS"
}

json_load() {
    JSON_READ="$1"
    python3 -c 'import json, sys; json.loads(sys.argv[1])' "$1" 2>/dev/null
}

json_get_var() {
    local gh_found # the variable of that name
    # shellcheck disable=SC2034
    gh_found="$(python3 -c 'import json, sys
value = json.loads(sys.argv[1]).get(sys.argv[2], "")
sys.stdout.write(value if isinstance(value, str) else json.dumps(value))' "$JSON_READ" "$2")"
    eval "$1=\$gh_found"
}

json_get_vars() {
    local gh_name
    for gh_name in "$@"; do
        json_get_var "$gh_name" "$gh_name"
    done
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds and runs what takes long: the walk through everything that happens to routers, the house
# that is only used, and the small router whose tables are full.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: tests/chaos/run.sh chaos [MINUTES] [SEED]   everything happens, an hour long unless told
       tests/chaos/run.sh soak [MINUTES]           nothing happens, two hours long unless told
       tests/chaos/run.sh full [MIB]               tables are full, in 24 MiB unless told

All need root and touch nothing but networks that they made. A release build is used.
USAGE
}

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
what=${1:-}
case $what in
    chaos) number=${2:-60} ;;
    soak) number=${2:-120} ;;
    full) number=${2:-24} ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
esac
if [[ ! $number =~ ^[0-9]{1,4}$ ]]; then
    usage >&2
    exit 2
fi
if [[ $EUID -ne 0 ]]; then
    echo "tests/chaos/run.sh needs root, because the house is made of network namespaces." >&2
    exit 1
fi

cd "$top"
# shellcheck source=tests/support/packages.sh
source tests/support/packages.sh
need_packages build tests lab
quietly cmake --preset release
quietly cmake --build build/release --parallel "$(nproc)" --target chaos -- --quiet
program=build/release/tests/chaos/chaos
if [[ $what == soak ]]; then
    export GATEHOUSE_SOAK_SECONDS=$((number * 60))
    exec "$program" --log_level=test_suite \
        --run_test=soak/a_house_that_is_used_for_hours_loses_nothing_and_nothing_grows
fi
if [[ $what == full ]]; then
    export GATEHOUSE_FULL_MIB=$number
    exec "$program" --log_level=test_suite --run_test=full/a_small_router_with_full_tables_goes_on
fi
export GATEHOUSE_CHAOS_SECONDS=$((number * 60))
if [[ -n ${3:-} ]]; then export GATEHOUSE_SEED=$3; fi
exec "$program" --log_level=test_suite \
    --run_test=a_house_in_which_everything_happens_loses_nothing

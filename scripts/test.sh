#!/usr/bin/env bash
# Runs every test of the workspace. Arguments go to `cargo test`: scripts/test.sh -p seatunnel-config
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-needs.sh

# Each connector is tested, also those that a default build leaves out.
if [ $# -eq 0 ]; then
    set -- --workspace --features seatunnel-starter/inmemory
fi
exec cargo test "$@"

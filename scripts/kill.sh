#!/usr/bin/env bash
# Kills jobs and servers at random moments and compares what arrived with what was sent.
# Usage: kill.sh [ROUNDS] [SEED]; builds the binary as it is shipped first. A freeze lasts up to SEATUNNEL_KILL_FREEZE_MILLIS.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --profile dist --bin seatunnel
target="${CARGO_TARGET_DIR:-target}"
export SEATUNNEL_KILL_BIN="${SEATUNNEL_KILL_BIN:-$(realpath "$target")/dist/seatunnel}"
export SEATUNNEL_KILL_ROUNDS="${1:-500}" SEATUNNEL_KILL_SEED="${2:-1}"
exec cargo test -p seatunnel-starter --test kill -- --nocapture

#!/usr/bin/env bash
# What the embedded engine costs: generates a 16-column table into a blackhole, by a bare loop that fills the same
# arrays and by a job, in turn, and prints the ratio. Arguments: ROWS (5,000,000), RUNS (5).
set -euo pipefail
cd "$(dirname "$0")/../.."

exec cargo run --quiet --profile dist -p seatunnel-examples --bin overhead -- "$@"

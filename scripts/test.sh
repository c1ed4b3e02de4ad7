#!/usr/bin/env bash
# Runs every test of the workspace, those of the Java side, and jobs on clusters of Spark and Flink. Arguments go to
# `cargo test`, and nothing else is run: scripts/test.sh -p seatunnel-config
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-needs.sh

if [ $# -gt 0 ]; then
    exec cargo test "$@"
fi
target="$(realpath -m "${CARGO_TARGET_DIR:-target}")"
scripts/package.sh --profile dev --features inmemory --folder "$target/package"
# Each connector is tested, also those that a default build leaves out.
all=(--workspace --features seatunnel-starter/inmemory,seatunnel-starter/clusters)
cargo test "${all[@]}" --no-run
# Most tests wait for servers: those of the Java side run meanwhile, and several programs of Rust's at a time.
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
mvn -B -q -f translation/java/pom.xml test "-Dseatunnel.native.path=$target/debug/libseatunnel_jni.so" >"$log" 2>&1 </dev/null &
java=$!
# A run that is ended takes it along.
trap 'kill "$java" 2>/dev/null || true; rm -f "$log"' EXIT
scripts/run-tests.py "${all[@]}"
if ! wait "$java"; then
    cat "$log"
    echo "tests of the Java side have failed" >&2
    exit 1
fi
echo "tests of the Java side have passed"

#!/usr/bin/env bash
# Runs every test of the workspace, those of the Java side, and jobs on clusters of Spark and Flink. Arguments go to
# `cargo test`, and nothing else is run: scripts/test.sh -p seatunnel-config
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-needs.sh

if [ $# -eq 0 ]; then
    target="$(realpath -m "${CARGO_TARGET_DIR:-target}")"
    scripts/package.sh --profile dev --features inmemory --folder "$target/package"
    mvn -B -q -f translation/java/pom.xml test "-Dseatunnel.native.path=$target/debug/libseatunnel_jni.so"
    # Each connector is tested, also those that a default build leaves out.
    set -- --workspace --features seatunnel-starter/inmemory,seatunnel-starter/clusters
fi
exec cargo test "$@"

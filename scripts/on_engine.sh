#!/usr/bin/env bash
# The launcher of a package with another engine chosen, for whoever knows it as `PROGRAM --config FILE` only, such as a suite
# of job files.
#
#   ENGINE=spark|flink PACKAGE=DIR scripts/on_engine.sh --config FILE [-i NAME=VALUE]...
#
# PACKAGE is what scripts/package.sh --folder makes. Spark runs inside the driver, with two tasks at a time; Flink is the session
# cluster that ST_FLINK names as HOST:PORT (scripts/flink.sh start). Of that one, whose tasks print elsewhere, what TaskManagers have
# written meanwhile is shown behind, if ST_FLINK_DIR names its folder.
set -euo pipefail

case "${ENGINE:?spark or flink}" in
spark)
    export SPARK_HOME="${SPARK_HOME:-$("$(dirname "$0")/spark.sh" home)}" SPARK_LOCAL_IP=127.0.0.1
    # Short jobs: what a Java machine compiles well does not pay.
    engine=(--engine spark --master 'local[2]' --driver-memory 512m
        --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=1
        --conf "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    ;;
flink)
    engine=(--engine flink --master "${ST_FLINK:?HOST:PORT of a session cluster}")
    if [ -n "${ST_FLINK_DIR:-}" ]; then
        logs=("$ST_FLINK_DIR"/taskmanager*.log)
        sizes=()
        for log in "${logs[@]}"; do
            sizes+=("$(stat -c %s "$log")")
        done
        child=
        trap 'kill -TERM "$child"' TERM
        "${PACKAGE:?the folder of a package}/bin/seatunnel" "${engine[@]}" "$@" &
        child=$!
        code=0
        wait "$child" || code=$?
        # A signal ends the waiting, and not the child.
        while kill -0 "$child" 2>/dev/null; do
            wait "$child" && code=0 || code=$?
        done
        for number in "${!logs[@]}"; do
            tail -c "+$((sizes[number] + 1))" "${logs[number]}"
        done
        exit "$code"
    fi
    ;;
*)
    echo "ENGINE is $ENGINE: spark or flink" >&2
    exit 2
    ;;
esac
exec "${PACKAGE:?the folder of a package}/bin/seatunnel" "${engine[@]}" "$@"

#!/usr/bin/env bash
# The launcher of a package with another engine chosen, for whoever knows it as `PROGRAM --config FILE` only, such as a suite
# of job files.
#
#   ENGINE=spark|flink PACKAGE=DIR scripts/on_engine.sh --config FILE [-i NAME=VALUE]...
#
# PACKAGE is what scripts/package.sh --folder makes. Spark runs inside the driver, with two tasks at a time; Flink is the session
# cluster that ST_FLINK names as HOST:PORT (scripts/flink.sh start).
set -euo pipefail

case "${ENGINE:?spark or flink}" in
spark)
    export SPARK_HOME="${SPARK_HOME:-$("$(dirname "$0")/spark.sh" home)}" SPARK_LOCAL_IP=127.0.0.1
    # Short jobs: what a Java machine compiles well does not pay.
    engine=(--engine spark --master 'local[2]' --driver-memory 512m
        --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=1
        --conf "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    ;;
flink) engine=(--engine flink --master "${ST_FLINK:?HOST:PORT of a session cluster}") ;;
*)
    echo "ENGINE is $ENGINE: spark or flink" >&2
    exit 2
    ;;
esac
exec "${PACKAGE:?the folder of a package}/bin/seatunnel" "${engine[@]}" "$@"

#!/usr/bin/env bash
# A private Apache Spark for tests: a standalone master and workers on loopback. Needs Java 17 and pip.
#
#   scripts/spark.sh home                  fetches Spark once, and prints the folder that it lies in
#   scripts/spark.sh start DIR [WORKERS]   starts a master and workers (2 if not given) that work in DIR and prints lines
#                                          for eval: SPARK_HOME, ST_SPARK_MASTER=spark://HOST:PORT, ST_SPARK_UI=HOST:PORT
#   scripts/spark.sh stop DIR              ends them; DIR can be removed then
#
# SPARK_VERSION is the version, 4.3.0 if not given. SPARK_ARCHIVE is a pyspark-VERSION.tar.gz to take instead of the one that
# pip fetches. SPARK_WORKER_CORES and SPARK_WORKER_MEMORY are what each worker offers, 1 and 1g if not given.
set -euo pipefail

. "$(dirname "$0")/parts/fetched.sh"

version="${SPARK_VERSION:-4.3.0}"
cache="$(cache_of spark "$version")"

home() { once "$cache" home fetch; }

fetch() {
    local work="$1" archive="${SPARK_ARCHIVE:-}"
    if [ -z "$archive" ]; then
        echo "fetching Apache Spark $version"
        pip download -q --no-deps --no-binary :all: --no-cache-dir -d "$work" "pyspark==$version" || return
        archive="$work/pyspark-$version.tar.gz"
    fi
    mkdir "$work/home"
    tar xzf "$archive" -C "$work/home" --strip-components=2 --exclude='*/examples' "pyspark-$version/deps" &&
        chmod +x "$work"/home/bin/* &&
        ls "$work"/home/jars/spark-core_*.jar >/dev/null
}

# Runs one of Spark's main classes behind our back: NAME CLASS ARGUMENTS...
daemon() {
    name="$1"
    shift
    SPARK_HOME="$spark" SPARK_LOCAL_IP=127.0.0.1 SPARK_WORKER_DIR="$dir/$name" SPARK_LOCAL_DIRS="$dir/local" \
        SPARK_DAEMON_MEMORY="${SPARK_DAEMON_MEMORY:-384m}" SPARK_NO_DAEMONIZE=1 \
        nohup "$spark/bin/spark-class" "$@" </dev/null >>"$dir/$name.log" 2>&1 &
    echo $! >>"$dir/pids"
    last=$!
}

# Waits until a log says something: NAME PATTERN
wait_for() {
    for _ in $(seq 600); do
        grep -q "$2" "$dir/$1.log" 2>/dev/null && return
        kill -0 "$last" 2>/dev/null || break
        sleep 0.1
    done
    tail -50 "$dir/$1.log" >&2
    echo "Spark's $1 did not start" >&2
    stop "$dir"
    exit 1
}

start() {
    spark="$(home)"
    mkdir -p "$1"
    dir="$(cd "$1" && pwd)"
    if [ -e "$dir/pids" ]; then
        echo "$dir has a cluster already; stop it first" >&2
        exit 1
    fi
    rm -f "$dir"/*.log
    port="$(free_port)"
    ui="$(free_port)"
    daemon master org.apache.spark.deploy.master.Master --host 127.0.0.1 --port "$port" --webui-port "$ui"
    wait_for master 'I have been elected leader'
    for worker in $(seq "${2:-2}"); do
        daemon "worker$worker" org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --webui-port "$(free_port)" \
            --cores "${SPARK_WORKER_CORES:-1}" --memory "${SPARK_WORKER_MEMORY:-1g}" "spark://127.0.0.1:$port"
        wait_for "worker$worker" 'Successfully registered with master'
    done
    echo "export SPARK_HOME=$spark"
    echo "export SPARK_LOCAL_IP=127.0.0.1"
    echo "export ST_SPARK_MASTER=spark://127.0.0.1:$port"
    echo "export ST_SPARK_UI=127.0.0.1:$ui"
}

# Workers first, so that they end their executors.
stop() {
    [ -e "$1/pids" ] || return 0
    for pid in $(tac "$1/pids"); do
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 100); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -9 "$pid" 2>/dev/null || true
    done
    rm -f "$1/pids"
}

case "${1:-}:$#" in
home:1) home ;;
start:2 | start:3) start "${@:2}" ;;
stop:2) stop "$2" ;;
*) usage "$0" ;;
esac

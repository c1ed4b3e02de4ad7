#!/usr/bin/env bash
# A private Apache Flink for tests: a standalone session cluster on loopback. Needs Java 17 and pip.
#
#   scripts/flink.sh home                     fetches Flink once, and prints the folder that it lies in
#   scripts/flink.sh start DIR [TASKMANAGERS] starts a JobManager and TaskManagers (2 if not given) that work in DIR and prints
#                                             lines for eval: FLINK_HOME, FLINK_CONF_DIR, FLINK_LOG_DIR, ST_FLINK=HOST:PORT, ST_FLINK_DIR
#   scripts/flink.sh configure DIR            starts nothing, and prints the same, for a JobManager that somebody else starts
#   scripts/flink.sh jobmanager DIR           starts the JobManager of such a cluster again, at the same ports
#   scripts/flink.sh taskmanager DIR          starts one more TaskManager, or one in place of a lost one
#   scripts/flink.sh stop DIR                 ends all; DIR can be removed then
#
# FLINK_VERSION is the version, 2.3.0 if not given. FLINK_SLOTS is how many tasks a TaskManager takes at a time, 2 if not
# given; FLINK_MEMORY how much memory it has, 900m. FLINK_SETTINGS are more lines for its config.yaml.
set -euo pipefail

. "$(dirname "$0")/parts/fetched.sh"

version="${FLINK_VERSION:-2.3.0}"
cache="$(cache_of flink "$version")"

home() { once "$cache" home fetch; }

# Two packages make one distribution: one has the jars, the other the programs.
fetch() {
    local work="$1" package part
    echo "fetching Apache Flink $version"
    # The packages differ by Python's version only in parts that are not needed here.
    for package in apache-flink-libraries apache-flink; do
        pip download -q --no-deps --no-cache-dir -d "$work" "$package==$version" ||
            pip download -q --no-deps --no-cache-dir --only-binary :all: --python-version 3.11 -d "$work" "$package==$version" ||
            return
    done
    for package in "$work"/*.whl; do
        [ ! -e "$package" ] || python3 -m zipfile -e "$package" "$work/unpacked"
    done
    for package in "$work"/*.tar.gz; do
        [ ! -e "$package" ] || sdist "$package"
    done
    mkdir "$work/home"
    for part in bin conf lib opt plugins; do
        cp -r "$work/unpacked/pyflink/$part" "$work/home/" || return
    done
    chmod +x "$work"/home/bin/* &&
        ls "$work"/home/lib/flink-dist-*.jar "$work/home/bin/flink" "$work/home/conf/config.yaml" >/dev/null
}

# A package of sources has the same files under deps/.
sdist() {
    mkdir -p "$work/sdist" "$work/unpacked/pyflink"
    tar xzf "$1" -C "$work/sdist" --strip-components=1
    for part in bin conf lib opt plugins; do
        for place in "$work/sdist/deps/$part" "$work/sdist/pyflink/$part"; do
            [ ! -d "$place" ] || cp -r "$place" "$work/unpacked/pyflink/"
        done
    done
    rm -rf "$work/sdist"
}

configure() {
    mkdir -p "$dir/conf" "$dir/log" "$dir/tmp" "$dir/checkpoints" "$dir/savepoints"
    cp "$flink"/conf/* "$dir/conf/"
    # What Java 17 must be told, as the distribution has it.
    options="$(sed -n 's/^ *all: *\(--add-.*\)$/\1/p; s/^env.java.opts.all: *\(--add-.*\)$/\1/p' "$flink/conf/config.yaml" | head -1)"
    cat >"$dir/conf/config.yaml" <<END
env.java.opts.all: $options -Djava.io.tmpdir=$dir/tmp -XX:+UseSerialGC
jobmanager.rpc.address: 127.0.0.1
jobmanager.bind-host: 127.0.0.1
jobmanager.rpc.port: $(free_port)
jobmanager.memory.process.size: 800m
jobmanager.memory.jvm-metaspace.size: 192m
taskmanager.host: 127.0.0.1
taskmanager.bind-host: 127.0.0.1
taskmanager.memory.process.size: ${FLINK_MEMORY:-900m}
taskmanager.memory.jvm-metaspace.size: 192m
taskmanager.memory.managed.size: 16m
taskmanager.memory.network.min: 64m
taskmanager.memory.network.max: 64m
taskmanager.numberOfTaskSlots: ${FLINK_SLOTS:-2}
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
rest.port: $(free_port)
blob.server.port: 0
io.tmp.dirs: $dir/tmp
web.upload.dir: $dir/tmp
parallelism.default: 1
taskmanager.load-balance.mode: SLOTS
execution.checkpointing.dir: file://$dir/checkpoints
execution.checkpointing.savepoint-dir: file://$dir/savepoints
state.checkpoints.dir: file://$dir/checkpoints
state.savepoints.dir: file://$dir/savepoints
heartbeat.interval: 1000
heartbeat.timeout: 20000
${FLINK_SETTINGS:-}
END
    # Older and newer versions name the same things differently, and refuse both names at once.
    if [ "${version%%.*}" = 1 ]; then
        sed -i '/^execution.checkpointing.*dir:/d' "$dir/conf/config.yaml"
    else
        sed -i '/^state\..*dir:/d' "$dir/conf/config.yaml"
    fi
}

setting() { sed -n "s/^$1: //p" "$dir/conf/config.yaml"; }

# Runs one of Flink's daemons behind our back: NAME SCRIPT ARGUMENTS...
daemon() {
    name="$1"
    shift
    FLINK_HOME="$flink" FLINK_CONF_DIR="$dir/conf" FLINK_LOG_DIR="$dir/log" FLINK_PID_DIR="$dir" \
        nohup "$flink/bin/$1" start-foreground "${@:2}" </dev/null >>"$dir/$name.log" 2>&1 &
    echo $! >>"$dir/pids"
    last=$!
}

# Waits until the cluster has so many TaskManagers: NAME COUNT
wait_for() {
    for _ in $(seq 1200); do
        count="$(request /overview | sed -n 's/.*"taskmanagers":\([0-9]*\).*/\1/p')"
        [ "${count:--1}" -lt "$2" ] || return 0
        kill -0 "$last" 2>/dev/null || break
        sleep 0.1
    done
    tail -50 "$dir/$1.log" >&2
    echo "Flink's $1 did not start" >&2
    stop "$dir"
    exit 1
}

request() {
    (
        exec 3<>"/dev/tcp/127.0.0.1/$(setting rest.port)" || exit 0
        printf 'GET %s HTTP/1.0\r\nHost: flink\r\n\r\n' "$1" >&3
        timeout 5 cat <&3 || true
    ) 2>/dev/null
}

jobmanager() {
    daemon jobmanager jobmanager.sh
    wait_for jobmanager 0
}

# TaskManagers that are dead are counted still for some seconds; the new one tells by its log.
taskmanager() {
    number="$(find "$dir" -maxdepth 1 -name 'taskmanager*.log' | wc -l)"
    daemon "taskmanager$((number + 1))" taskmanager.sh
    for _ in $(seq 1200); do
        grep -q 'Successful registration at resource manager' "$dir/taskmanager$((number + 1)).log" && return
        kill -0 "$last" 2>/dev/null || break
        sleep 0.1
    done
    tail -50 "$dir/taskmanager$((number + 1)).log" >&2
    echo "Flink's TaskManager did not start" >&2
    exit 1
}

place() {
    flink="$(home)"
    mkdir -p "$1"
    dir="$(cd "$1" && pwd)"
}

start() {
    prepare "$1"
    daemon jobmanager jobmanager.sh
    for number in $(seq "${2:-2}"); do
        daemon "taskmanager$number" taskmanager.sh
    done
    wait_for jobmanager "${2:-2}"
    tell
}

prepare() {
    place "$1"
    if [ -e "$dir/pids" ]; then
        echo "$dir has a cluster already; stop it first" >&2
        exit 1
    fi
    rm -f "$dir"/*.log
    configure
}

tell() {
    echo "export FLINK_HOME=$flink"
    echo "export FLINK_CONF_DIR=$dir/conf"
    echo "export FLINK_LOG_DIR=$dir/log"
    echo "export ST_FLINK=127.0.0.1:$(setting rest.port)"
    echo "export ST_FLINK_DIR=$dir"
}

stop() {
    [ -e "$1/pids" ] || return 0
    for pid in $(tac "$1/pids"); do
        kill "$pid" 2>/dev/null || true
    done
    for pid in $(tac "$1/pids"); do
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
configure:2) prepare "$2" && tell ;;
jobmanager:2) place "$2" && jobmanager ;;
taskmanager:2) place "$2" && taskmanager ;;
stop:2) stop "$2" ;;
*) usage "$0" ;;
esac

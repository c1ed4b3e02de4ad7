#!/usr/bin/env bash
# A private Apache Kafka broker for tests: one node, KRaft, on loopback. Needs Java 17 and Maven.
#
#   scripts/kafka.sh jars               fetches the broker's jars once, and prints the folder that they lie in
#   scripts/kafka.sh start DIR [PORT]   starts a broker that works in DIR and prints a line for eval: ST_KAFKA=HOST:PORT
#   scripts/kafka.sh stop DIR           ends it; DIR can be removed then
#
# DIR must be new or empty, or hold a broker that was stopped. PORT+1 is the controller's; a free pair is chosen if none
# is given. KAFKA_JAVA_OPTS are options of the Java machine, 512 MiB of heap if not given.
set -euo pipefail

. "$(dirname "$0")/parts/fetched.sh"

version=4.1.0
cache="$(cache_of kafka "$version")"

libs() {
    once "$cache" libs jars "Apache Kafka $version" "kafka_2.13-*.jar" \
        "org.apache.kafka:kafka_2.13:$version" org.slf4j:slf4j-simple:1.7.36
}

start() {
    libs="$(libs)"
    mkdir -p "$1"
    dir="$(cd "$1" && pwd)"
    if [ ! -e "$dir/server.properties" ]; then
        port="${2:-$(free_port)}"
        cat >"$dir/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$port
log.dirs=$dir/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
log.retention.ms=-1
log.cleaner.dedupe.buffer.size=4194304
END
        java -cp "$libs/*" kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAA -c "$dir/server.properties" >"$dir/log" 2>&1 || {
            cat "$dir/log" >&2
            exit 1
        }
    fi
    port="$(sed -n 's/^advertised.listeners=PLAINTEXT:..127.0.0.1:\([0-9]*\).*/\1/p' "$dir/server.properties")"
    # shellcheck disable=SC2086
    nohup java ${KAFKA_JAVA_OPTS:--Xmx512m -XX:+UseG1GC} -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$libs/*" \
        kafka.Kafka "$dir/server.properties" </dev/null >>"$dir/log" 2>&1 &
    echo $! >"$dir/pid"
    for _ in $(seq 600); do
        kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
        if java_serves "$port"; then
            echo "export ST_KAFKA=127.0.0.1:$port"
            return
        fi
        sleep 0.1
    done
    tail -50 "$dir/log" >&2
    echo "the broker did not start" >&2
    exit 1
}

# Whether a request for the versions of requests (key 18, version 0) is answered: a broker that only listens doesn't.
java_serves() {
    (
        exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
        printf '\0\0\0\13\0\22\0\0\0\0\0\1\0\1x' >&3
        answer="$(timeout 2 head -c 8 <&3 | od -An -tx1 | tr -d ' \n')"
        [ "${answer:8:8}" = 00000001 ]
    ) 2>/dev/null
}

stop() {
    pid="$(cat "$1/pid" 2>/dev/null)" || return 0
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 300); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
    rm -f "$1/pid"
}

case "${1:-}:$#" in
jars:1) libs ;;
start:2 | start:3) start "${@:2}" ;;
stop:2) stop "$2" ;;
*) usage "$0" ;;
esac

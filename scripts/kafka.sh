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

version=4.1.0
cache="${XDG_CACHE_HOME:-$HOME/.cache}/seatunnel-kafka/$version"

jars() {
    if [ ! -d "$cache/libs" ]; then
        mkdir -p "$cache"
        exec 9>"$cache/lock"
        flock 9
        [ -d "$cache/libs" ] || fetch >&2
        exec 9>&-
    fi
    echo "$cache/libs"
}

# Into a folder of another name first: one that was cut off is never taken for whole.
fetch() {
    work="$(mktemp -d "$cache/fetch.XXXXXX")"
    trap 'rm -rf "$work"' EXIT
    cat >"$work/pom.xml" <<END
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId><artifactId>broker</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
END
    echo "fetching Apache Kafka $version"
    (cd "$work" && mvn -B -q dependency:copy-dependencies -DoutputDirectory="$work/libs" -DincludeScope=runtime)
    ls "$work"/libs/kafka_2.13-*.jar >/dev/null
    mv "$work/libs" "$cache/libs"
}

free_port() {
    for _ in $(seq 200); do
        port=$((12000 + (RANDOM * 32768 + RANDOM) % 20000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && ! (exec 3<>"/dev/tcp/127.0.0.1/$((port + 1))") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    echo "no free port found" >&2
    return 1
}

start() {
    libs="$(jars)"
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
jars:1) jars ;;
start:2 | start:3) start "${@:2}" ;;
stop:2) stop "$2" ;;
*)
    sed -n '2,/^set/p' "$0" | sed -n 's/^# \{0,1\}//p' >&2
    exit 2
    ;;
esac

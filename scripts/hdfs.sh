#!/usr/bin/env bash
# A private HDFS for tests: a name node and a data node, on loopback. Needs Java 17 and Maven.
#
#   scripts/hdfs.sh jars             fetches Hadoop's jars once, and prints the folder that they lie in
#   scripts/hdfs.sh serve DIR PORT   makes a new HDFS in DIR and serves it as hdfs://127.0.0.1:PORT until it is killed;
#                                    DIR/ready is there as soon as it takes files
#
# HDFS_JAVA_OPTS are options of each of the two Java machines, 256 MiB of heap if not given.
set -euo pipefail

. "$(dirname "$0")/parts/fetched.sh"

version=3.4.1
cache="$(cache_of hdfs "$version")"

# Left to itself, Maven takes an older jackson-core than the others of its family need.
libs() {
    once "$cache" libs jars "Apache Hadoop $version" "hadoop-hdfs-$version.jar" \
        "org.apache.hadoop:hadoop-common:$version" "org.apache.hadoop:hadoop-hdfs:$version" \
        "org.apache.hadoop:hadoop-hdfs-client:$version" com.fasterxml.jackson.core:jackson-core:2.12.7
}

property() { echo "<property><name>$1</name><value>$2</value></property>"; }

serve() {
    libs="$(libs)"
    # The pages of its web server are in no jar; it wants their folders all the same.
    mkdir -p "$1/conf/webapps/hdfs" "$1/conf/webapps/datanode"
    dir="$(cd "$1" && pwd)"
    rm -rf "$dir/ready" "$dir/name" "$dir/blocks"
    nodes=org.apache.hadoop.hdfs.server
    {
        echo "<configuration>"
        property fs.defaultFS "hdfs://127.0.0.1:$2"
        property hadoop.tmp.dir "$dir/tmp"
        property dfs.namenode.name.dir "file://$dir/name"
        property dfs.datanode.data.dir "file://$dir/blocks"
        property dfs.replication 1
        property dfs.namenode.safemode.extension 0
        property dfs.namenode.fs-limits.min-block-size 0
        for address in dfs.namenode.http-address dfs.datanode.address dfs.datanode.http.address dfs.datanode.ipc.address; do
            property "$address" 127.0.0.1:0
        done
        echo "</configuration>"
    } | tee "$dir/conf/core-site.xml" >"$dir/conf/hdfs-site.xml"
    # What the data node says is how it is known that it takes files.
    cat >"$dir/conf/log4j.properties" <<END
log4j.rootLogger=WARN,console
log4j.logger.$nodes.datanode.DataNode=INFO
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d %p %c{1}: %m%n
END
    run=(java)
    # shellcheck disable=SC2206
    run+=(${HDFS_JAVA_OPTS:--Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1})
    run+=(--add-opens java.base/java.lang=ALL-UNNAMED -cp "$dir/conf:$libs/*")
    "${run[@]}" "$nodes.namenode.NameNode" -format -nonInteractive >"$dir/format.log" 2>&1 || {
        tail -50 "$dir/format.log" >&2
        exit 1
    }
    "${run[@]}" "$nodes.namenode.NameNode" &
    name=$!
    "${run[@]}" "$nodes.datanode.DataNode" >"$dir/datanode.log" 2>&1 &
    data=$!
    trap 'kill $name $data 2>/dev/null || true' EXIT
    for _ in $(seq 1200); do
        if grep -q 'Successfully sent block report' "$dir/datanode.log"; then
            touch "$dir/ready"
            break
        fi
        kill -0 "$name" "$data" 2>/dev/null || {
            tail -50 "$dir/datanode.log" >&2
            exit 1
        }
        sleep 0.2
    done
    wait
}

case "${1:-}:$#" in
jars:1) libs ;;
serve:3) serve "$2" "$3" ;;
*) usage "$0" ;;
esac

#!/usr/bin/env bash
# A private S3 server for tests, on loopback: moto, from PyPI. Needs Python 3 with venv.
#
#   scripts/s3.sh install      fetches the server once, and prints its program
#   scripts/s3.sh start DIR    starts a server that works in DIR and prints a line for eval: ST_S3=http://HOST:PORT
#   scripts/s3.sh stop DIR     ends it; what it held is gone
#
# It takes any access key and secret. Buckets are made with `curl -X PUT $ST_S3/BUCKET`. With GCS_KEY, a file with a public
# key, the program is one for Google Cloud Storage (parts/object_server.py).
set -euo pipefail

. "$(dirname "$0")/parts/fetched.sh"

version=5.1.22
cache="$(cache_of s3 "$version")"

fetch() {
    echo "fetching moto $version"
    python3 -m venv "$1/venv"
    "$1/venv/bin/pip" install -q "moto[server,s3]==$version"
}

install() {
    venv="$(once "$cache" venv fetch)"
    program="$cache/s3-server"
    new="$(mktemp "$cache/program.XXXXXX")"
    { echo "#!$venv/bin/python" && cat "$(dirname "$0")/parts/object_server.py"; } >"$new"
    chmod 755 "$new"
    mv "$new" "$program"
    echo "$program"
}

start() {
    program="$(install)"
    mkdir -p "$1"
    dir="$(cd "$1" && pwd)"
    for _ in $(seq 20); do
        port="$(free_port)"
        nohup "$program" -H 127.0.0.1 -p "$port" </dev/null >"$dir/log" 2>&1 &
        echo $! >"$dir/pid"
        for _ in $(seq 300); do
            kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
            if listens "$port"; then
                echo "export ST_S3=http://127.0.0.1:$port"
                return
            fi
            sleep 0.1
        done
        kill "$(cat "$dir/pid")" 2>/dev/null || true
    done
    tail -50 "$dir/log" >&2
    echo "the S3 server did not start" >&2
    exit 1
}

stop() {
    pid="$(cat "$1/pid" 2>/dev/null)" || return 0
    kill "$pid" 2>/dev/null || true
    rm -f "$1/pid"
}

case "${1:-}:$#" in
install:1) install ;;
start:2) start "$2" ;;
stop:2) stop "$2" ;;
*) usage "$0" ;;
esac

#!/usr/bin/env bash
# A private S3 server for tests, on loopback: moto, from PyPI. Needs Python 3 with venv.
#
#   scripts/s3.sh install      fetches the server once, and prints its program
#   scripts/s3.sh start DIR    starts a server that works in DIR and prints a line for eval: ST_S3=http://HOST:PORT
#   scripts/s3.sh stop DIR     ends it; what it held is gone
#
# It takes any access key and secret. Buckets are made with `curl -X PUT $ST_S3/BUCKET`.
set -euo pipefail

version=5.1.22
cache="${XDG_CACHE_HOME:-$HOME/.cache}/seatunnel-s3/$version"

install() {
    if [ ! -e "$cache/done" ]; then
        mkdir -p "$cache"
        exec 9>"$cache/lock"
        flock 9
        if [ ! -e "$cache/done" ]; then
            echo "fetching moto $version" >&2
            rm -rf "$cache/venv"
            python3 -m venv "$cache/venv" >&2
            "$cache/venv/bin/pip" install -q "moto[server,s3]==$version" >&2
            touch "$cache/done"
        fi
        exec 9>&-
    fi
    # S3 stores what a form's content type stands before like all else; moto takes it for a form and stores nothing.
    program="$cache/s3-server"
    if [ ! -e "$program" ]; then
        cat >"$program.$$" <<END
#!$cache/venv/bin/python
import sys
import moto.server as server
run = server.run_simple
def as_bytes(app):
    def call(environ, start):
        if environ.get('CONTENT_TYPE', '').startswith('application/x-www-form-urlencoded'):
            environ['CONTENT_TYPE'] = 'application/octet-stream'
        return app(environ, start)
    return call
server.run_simple = lambda host, port, app, **more: run(host, port, as_bytes(app), **more)
server.main(sys.argv[1:])
END
        chmod +x "$program.$$"
        mv "$program.$$" "$program"
    fi
    echo "$program"
}

start() {
    program="$(install)"
    mkdir -p "$1"
    dir="$(cd "$1" && pwd)"
    for _ in $(seq 20); do
        port=$((12000 + (RANDOM * 32768 + RANDOM) % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
        nohup "$program" -H 127.0.0.1 -p "$port" </dev/null >"$dir/log" 2>&1 &
        echo $! >"$dir/pid"
        for _ in $(seq 300); do
            kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
            if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
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
*)
    sed -n '2,/^set/p' "$0" | sed -n 's/^# \{0,1\}//p' >&2
    exit 2
    ;;
esac

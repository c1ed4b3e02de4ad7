#!/usr/bin/env bash
# Azurite, Azure's own emulator of its Blob Storage, for tests. Needs Node.js and npm.
#
#   scripts/azure.sh install   fetches it once, and prints its program; see its --help
#
# It has one account, devstoreaccount1, whose key is the one that Azure's documentation gives.
set -euo pipefail

. "$(dirname "$0")/parts/fetched.sh"

# Later ones want a newer Node.js than stable Debian has.
version=3.35.0

# Nothing has to be compiled: what it has for that serves other things.
fetch() {
    echo "fetching Azurite $version"
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$1/npm" "azurite@$version"
}

case "${1:-}:$#" in
install:1)
    folder="$(once "$(cache_of azure "$version")" npm fetch)"
    echo "$folder/node_modules/.bin/azurite-blob"
    ;;
*) usage "$0" ;;
esac

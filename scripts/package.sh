#!/usr/bin/env bash
# Makes a release: seatunnel-<version>-linux-x86_64.tar.gz, with the launcher, the jars for Spark and Flink, examples
# and the documentation of connectors. Needs Java and Maven, which building the launcher alone does not.
#
#   scripts/package.sh                       target/seatunnel-<version>-linux-x86_64.tar.gz
#   scripts/package.sh --folder DIR          the same, unpacked into DIR, which is replaced
#   scripts/package.sh --profile dev ...     of the build that tests use, and not of the one that is shipped
#   scripts/package.sh --features LIST ...   with more features of the launcher, such as inmemory
set -euo pipefail
cd "$(dirname "$0")/.."

profile=dist
folder=
features=
while [ $# -gt 0 ]; do
    case "$1" in
        --profile) profile="$2"; shift 2 ;;
        --folder) folder="$2"; shift 2 ;;
        --features) features="$2"; shift 2 ;;
        *) echo "unknown argument $1; see the head of this file" >&2; exit 234 ;;
    esac
done

version="$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)"
name="seatunnel-$version-linux-$(uname -m)"
target="${CARGO_TARGET_DIR:-target}"
built="$target/$profile"
[ "$profile" != dev ] || built="$target/debug"

# In one build, so that both have the same features. That of tests has those of the workspace: what other tests have
# built is not built again.
more=()
for feature in ${features//,/ }; do
    more+=(--features "seatunnel-starter/$feature" --features "seatunnel-jni/$feature")
done
if [ "$profile" = dev ]; then
    cargo build --workspace --lib --bin seatunnel "${more[@]}"
else
    cargo build --profile "$profile" -p seatunnel-starter -p seatunnel-jni "${more[@]}"
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
root="$work/$name"
mkdir -p "$root/bin" "$root/lib" "$root/docs"
cp "$built/seatunnel" "$root/bin/"
cp "$built/libseatunnel_jni.so" "$work/"
strip --strip-unneeded "$root/bin/seatunnel" "$work/libseatunnel_jni.so"
# SeaTunnel's scripts are the same program under other names.
for script in seatunnel.sh start-seatunnel-spark-3-connector-v2.sh start-seatunnel-spark-connector-v2.sh \
    start-seatunnel-flink-15-connector-v2.sh start-seatunnel-flink-connector-v2.sh; do
    ln -s seatunnel "$root/bin/$script"
done

# Java is compiled beside the sources' folder, so that two packages may be made at once.
cp -r translation/java "$work/java"
find "$work/java" -name target -type d -prune -exec rm -rf {} +
mvn -B -q -f "$work/java/pom.xml" package -DskipTests "-Dnative.library=$work/libseatunnel_jni.so" \
    "-Dnative.platform=linux-$(uname -m)"
find "$work/java" -path '*/target/*' -name "seatunnel-*-$version.jar" ! -name '*-common-*' -exec cp {} "$root/lib/" \;

mkdir "$root/examples"
cp -r examples/*.conf examples/data "$root/examples/"
cp -r docs/connectors "$root/docs/"
cp README.md CHANGELOG.md LICENSE "$root/"

if [ -n "$folder" ]; then
    rm -rf "$folder"
    mkdir -p "$(dirname "$folder")"
    cp -a "$root" "$folder"
    echo "$folder"
else
    archive="$target/$name.tar.gz"
    tar -C "$work" -czf "$archive" "$name"
    echo "$archive ($(du -h "$archive" | cut -f1))"
fi

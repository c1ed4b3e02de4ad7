#!/usr/bin/env bash
# Sees to what building and testing need beside Rust: C compilers and make, for the SQLite, zstd, Kafka client and
# allocator sources that are compiled in; OpenSSL's headers, for the Kafka client; PostgreSQL, MariaDB and openssl, of
# which tests start private servers with certificates; Java and Maven, for what Spark and Flink run, and for Kafka brokers,
# whose jars scripts/kafka.sh fetches; Python with venv, for an S3 server, which scripts/s3.sh fetches, and for the checks of
# .ci/run; Node.js and npm, for Azure's emulator, which scripts/azure.sh fetches; OpenSSH, ProFTPD and Apache, of which tests
# start private servers for files.
#
# On Debian and its kin, as root, missing packages are installed. Elsewhere it says what is missing and ends with 1.
set -euo pipefail

if ! command -v cargo >/dev/null; then
    echo "Rust is missing. Install rustup (https://rustup.rs); rust-toolchain.toml then picks the version." >&2
    exit 1
fi

missing=()
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v c++ >/dev/null || missing+=(g++)
command -v make >/dev/null || missing+=(make)
command -v pkg-config >/dev/null || missing+=(pkg-config)
pkg-config --exists openssl 2>/dev/null || missing+=(libssl-dev)
have() { command -v "$1" >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }
have postgres && have initdb || missing+=(postgresql)
have psql || missing+=(postgresql-client)
# Programs only: no service is started below.
have mariadbd && have mariadb-install-db || missing+=(mariadb-server-core)
have mariadb || missing+=(mariadb-client-core)
# It has the plugin for logins by ed25519, which the core package lacks.
compgen -G "/usr/lib*/*/plugin/auth_ed25519.so" >/dev/null || missing+=(mariadb-server)
have openssl || missing+=(openssl)
have javac || missing+=(openjdk-17-jdk-headless)
have mvn || missing+=(maven)
command -v ssh-keygen >/dev/null || missing+=(openssh-client)
have sshd || missing+=(openssh-server)
have proftpd || missing+=(proftpd-core)
[ -e /usr/lib/proftpd/mod_sftp.so ] || missing+=(proftpd-mod-crypto)
have apache2 || missing+=(apache2-bin)
command -v setpriv >/dev/null || missing+=(util-linux)
command -v python3 >/dev/null || missing+=(python3)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "Missing, as Debian's packages are named: ${missing[*]}. Please install them, then try again." >&2
    exit 1
fi
# Only the programs are wanted: while this file is there, Debian's package makes no cluster of its own and starts none.
settings=/etc/postgresql-common/createcluster.d/only-programs.conf
mkdir -p "${settings%/*}"
echo 'create_main_cluster = false' >"$settings"
# Nor is any other service started: while this file is there, Debian's packages ask it and are told no.
policy=/usr/sbin/policy-rc.d
if [ -e "$policy" ]; then
    policy=
else
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
trap 'rm -f "$settings" ${policy:+"$policy"}' EXIT
echo "installing ${missing[*]}"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null

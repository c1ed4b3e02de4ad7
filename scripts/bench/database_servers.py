"""Private servers for databases.py: PostgreSQL and MariaDB in a folder, on a free port of 127.0.0.1.

Settings as one would run a server that loads data, the same for whoever is measured: everything is flushed to disk as
it is by default; memory for the cache and room for the log are larger than the tiny defaults; what works in the
background (autovacuum, checkpoints by time) does not happen to fall into one run and not into another. All clients
come over TCP with a password. A server ends with this process, however that ends.
"""

import glob
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import time

USER, PASSWORD = "bench", "bench-password"

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "min_wal_size": "4GB",  # log files are used again instead of made anew
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "max_prepared_transactions": "64",
    "timezone": "UTC",
}
MARIADB_SETTINGS = {
    "bind-address": "127.0.0.1",
    "skip-name-resolve": "1",
    "innodb-buffer-pool-size": "1G",
    "innodb-log-file-size": "2G",
    "local-infile": "1",
    "character-set-server": "utf8mb4",
    "default-time-zone": "+00:00",
    "performance-schema": "0",
}

# Runs a server until the standard input ends, which only the benchmark's process holds open.
KEEPER = """
trap '' INT TERM HUP
"$@" </dev/null >log 2>&1 &
server=$!
while read -r _; do :; done
kill -s "$signal" "$server"
wait "$server"
"""


def find(program):
    """The path of a program. PostgreSQL's own folders come first: Debian's `psql` in PATH is a Perl script that starts
    the program, some 20 ms slower."""
    folders = [*sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True), *os.get_exec_path(), "/usr/sbin"]
    found = shutil.which(program, path=os.pathsep.join(folders))
    if not found:
        sys.exit(f"{program} is missing; scripts/install-needs.sh installs it")
    return found


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(command, text=None, **options):
    """Runs a program and returns its output; ends the benchmark if it fails."""
    done = subprocess.run([str(part) for part in command], input=text, capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stderr.strip()[-2000:]}\nin {(text or ' '.join(map(str, command)))[:400]}")
    return done.stdout.rstrip("\n")


class Server:
    """What both have in common: `client`, a command line that runs SQL through TCP, and an end."""

    def launch(self, folder, command, signal, ping, account=None):
        environment = dict(os.environ, signal=signal)
        # A shell that ignores signals: a Ctrl-C is for the benchmark, which then ends the server.
        self.keeper = subprocess.Popen(["sh", "-c", KEEPER, "keeper", *map(str, command)], stdin=subprocess.PIPE,
                                       cwd=folder, env=environment, start_new_session=True, **(account or {}))
        for _ in range(600):
            if subprocess.run([str(part) for part in ping], capture_output=True).returncode == 0:
                return
            if self.keeper.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"{command[0]} did not start:\n{(folder / 'log').read_text()[-2000:]}")

    def stop(self):
        self.keeper.stdin.close()
        self.keeper.wait()


class Postgres(Server):
    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.port = free_port()
        account = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")  # it refuses to run as root
            os.chown(folder, user.pw_uid, user.pw_gid)
            account = {"user": "postgres", "group": "postgres", "extra_groups": []}
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        data = folder / "data"
        run([find("initdb"), "-D", data, "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--auth-local=trust",
             "--auth-host=scram-sha-256", f"--pwfile={secret}", "--no-instructions"], cwd=folder, **account)
        settings = [f"--{name}={value}" for name, value in POSTGRES_SETTINGS.items()]
        # The database's name comes last, so that a command line for another is made easily.
        self.client = [find("psql"), "-AtXq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port),
                       "-U", USER, "-d", "bench"]
        self.jdbc = f"jdbc:postgresql://127.0.0.1:{self.port}/bench"
        os.environ["PGPASSWORD"] = PASSWORD
        ping = [*self.client[:-1], "postgres", "-c", "SELECT 1"]
        self.launch(folder, [find("postgres"), "-D", data, "-p", self.port, "-k", folder, *settings], "INT",
                    ping, account)
        run([*self.client[:-1], "postgres", "-c", "CREATE DATABASE bench"])

    def sql(self, text):
        return run([*self.client, "-f", "-"], text)

    def settle(self):
        """Writes out what earlier statements left in memory."""
        self.sql("CHECKPOINT")
        os.sync()

    def version(self):
        return "PostgreSQL " + self.sql("SHOW server_version").split()[0]


class MariaDb(Server):
    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.port = free_port()
        data = folder / "data"
        user = ["--user=root"] if os.geteuid() == 0 else []
        run([find("mariadb-install-db"), "--no-defaults", f"--datadir={data}", "--skip-test-db",
             "--auth-root-authentication-method=normal", *user], cwd=folder)
        users = folder / "users.sql"
        users.write_text(
            "CREATE DATABASE IF NOT EXISTS bench;\n"
            f"CREATE OR REPLACE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
            "DROP USER IF EXISTS ''@'localhost', ''@'127.0.0.1';\n")
        settings = [f"--{name}={value}" for name, value in MARIADB_SETTINGS.items()]
        os.environ["MYSQL_PWD"] = PASSWORD
        self.client = [find("mariadb"), "--no-defaults", "-N", "-B", "-h", "127.0.0.1", "-P", str(self.port), "-u", USER,
                       "--default-character-set=utf8mb4", "bench"]
        self.jdbc = f"jdbc:mysql://127.0.0.1:{self.port}/bench"
        self.launch(folder, [find("mariadbd"), "--no-defaults", f"--datadir={data}", f"--socket={folder}/socket",
                             f"--port={self.port}", f"--init-file={users}", *settings, *user], "TERM",
                    [*self.client, "-e", "SELECT 1"])

    def sql(self, text):
        return run(self.client, text)

    def settle(self):
        """Writes out what earlier statements left in memory."""
        keep = self.sql("SELECT @@innodb_max_dirty_pages_pct, @@innodb_max_dirty_pages_pct_lwm").split("\t")
        self.sql("SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0; SET GLOBAL innodb_max_dirty_pages_pct = 0")
        for _ in range(1200):
            if int(self.sql("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'").split("\t")[1]) == 0:
                break
            time.sleep(0.1)
        self.sql(f"SET GLOBAL innodb_max_dirty_pages_pct = {keep[0]};"
                 f" SET GLOBAL innodb_max_dirty_pages_pct_lwm = {keep[1]}")
        os.sync()

    def version(self):
        return "MariaDB " + self.sql("SELECT version()").split("-")[0]


class DuckDb:
    """duckdb's command line program and its PostgreSQL extension, both from PyPI in a virtual environment."""

    VERSION = "1.5.5"  # an extension fits one version only

    def __init__(self, work):
        cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
        folder = pathlib.Path(cache) / f"seatunnel-bench/duckdb-{self.VERSION}"
        if not (folder / "complete").exists():
            print(f"installing duckdb {self.VERSION} into {folder}", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            run([sys.executable, "-m", "venv", folder])
            packages = [f"{name}=={self.VERSION}" for name in ("duckdb-cli", "duckdb-extension-postgres-scanner")]
            run([folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
            (folder / "complete").touch()
        # The program itself: the one in bin/ is a Python script around it.
        self.program = next(folder.glob("lib/*/site-packages/duckdb_cli/duckdb"))
        self.extension = next(folder.glob("lib/*/site-packages/*/extensions/*/postgres_scanner.duckdb_extension"))
        self.work = work

    def command(self, statements, threads):
        """The command line that runs statements, with the PostgreSQL server's table as `pg.orders`."""
        return [self.program, "-bail", "-csv", "-noheader", "-init", "/dev/null", "-c", f"SET threads = {threads}; {statements}"]

    def attach(self, postgres):
        return (f"LOAD '{self.extension}'; ATTACH 'host=127.0.0.1 port={postgres.port} dbname=bench user={USER} "
                f"password={PASSWORD}' AS pg (TYPE postgres, READ_ONLY, SCHEMA 'public'); ")

    def ask(self, statement):
        return run(self.command(statement, 2))

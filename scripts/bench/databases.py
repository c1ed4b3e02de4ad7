#!/usr/bin/env python3
"""Databases beside their own loaders: the same tables, the same servers, turn by turn.

Usage: databases.py [--bin target/dist/seatunnel] [--rows 2000000] [--runs 5] [--only NAME]... [--json FILE]

Starts its own PostgreSQL and MariaDB (database_servers.py tells with which settings), makes the table of
database_table.py in both and as CSV and Parquet files, then measures each piece of work against what the database
brings for it: psql with COPY, `mariadb --quick`, LOAD DATA LOCAL INFILE, and duckdb with its PostgreSQL extension.

Runs alternate, after one of each that is not counted; figures are medians. Before each run the target table is made
anew and the servers have written out everything. Tables in PostgreSQL that are loaded have no index, so that the server
does as little as possible and the client counts most; in MariaDB they have their primary key. After each run the
content is compared by row count and a hash. CPU time and memory are those of the clients: the sum over the processes of
a pipe for CPU time, the largest of them for memory.

Needs a C compiler (for the small program that measures), PostgreSQL and MariaDB (scripts/install-needs.sh) and, for
one row, PyPI. 2 million rows take some 10 GB of disk, with 8 times the rows 30 GB.
The exit code says whether everything ran and the contents are equal; the figures are for the reader to judge.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shlex
import sys
import tempfile
import typing

import database_jobs as jobs
import database_servers
import database_table as table
import measure

GROWTH = 8  # times the rows, to see whether memory grows
SHORT_RUNS = 30  # of what takes milliseconds


@dataclasses.dataclass
class Bar:
    """A figure of ours that should be at most `most`: `of(ours, yardstick)`, two runs' medians."""

    what: str
    most: float
    of: typing.Callable


def wall(most):
    return Bar("wall, ours / yardstick", most, lambda ours, theirs: ours.wall / theirs.wall)


def memory_ratio(most):
    return Bar("peak memory, ours / yardstick", most, lambda ours, theirs: ours.memory / theirs.memory)


def memory(most):
    return Bar("peak memory, MiB", most, lambda ours, _: ours.memory)


@dataclasses.dataclass
class Contestant:
    """A command, and what surrounds each of its runs."""

    name: str
    command: list
    bars: list = dataclasses.field(default_factory=list)
    before: typing.Callable = lambda: None
    after: typing.Callable = lambda: None
    check: typing.Callable | None = None  # gives what is different in what it made, or nothing; default: the work's


@dataclasses.dataclass
class Work:
    """One row of the table: the yardstick, then ours in one or more ways."""

    title: str
    reset: typing.Callable  # makes an empty target
    check: typing.Callable  # gives what is different in the target, or nothing
    contestants: list
    runs: int | None = None
    warm_up: bool = True


class Bench:
    def __init__(self, options, work):
        self.options, self.work, self.rows = options, work, options.rows
        self.binary = None if options.yardsticks_only else measure.seatunnel(options.bin)
        self.meter = measure.Meter(work)
        self.servers = []
        self.results = []

    # What is measured against what, by the names that --only takes.
    WORKS = {
        "pg-pg": "postgres_to_postgres",
        "csv-pg": "csv_to_postgres",
        "pg-parquet": "postgres_to_parquet",
        "parquet-pg": "parquet_to_postgres",
        "mysql-pg": "mysql_to_postgres",
        "pg-mysql": "postgres_to_mysql",
        "ten-rows": "ten_rows",
        "memory-pg-pg": "memory_postgres_to_postgres",
        "memory-mysql-pg": "memory_mysql_to_postgres",
    }

    def start(self):
        """Servers and the tables and files that are read."""
        needed = " ".join(self.options.only)
        self.pg = database_servers.Postgres(self.work / "postgres")
        self.servers.append(self.pg)
        self.csv = self.work / f"orders_{self.rows}.csv"
        say(f"making {self.rows:,} rows")
        table.write_csv(self.rows, self.csv)
        table.fill_postgres(self.pg, self.csv)
        self.digest = self.pg.sql(table.postgres_digest("orders"))
        versions = [self.pg.version()]
        if "mysql" in needed:
            self.my = database_servers.MariaDb(self.work / "mariadb")
            self.servers.append(self.my)
            self.text = self.work / "orders.text"
            self.pg.sql(f"\\copy orders TO '{self.text}'")
            self.my.sql(f"{table.mariadb_table('orders')};\n{self.load_data('orders')};\nANALYZE TABLE orders")
            same(self.my.sql(table.mariadb_digest("orders")), self.digest, "MariaDB's table")
            versions.append(self.my.version())
        if "parquet" in needed:
            self.duckdb = database_servers.DuckDb(self.work)
            versions.append(f"duckdb {self.duckdb.VERSION}")
        size = self.pg.sql("SELECT pg_table_size('orders') / 1048576")
        return f"{', '.join(versions)}; {self.rows:,} rows, {len(table.COLUMNS)} columns, {size} MiB in PostgreSQL"

    def stop(self):
        for server in self.servers:
            server.stop()

    # --- the works

    def postgres_to_postgres(self):
        cpu = self.cpu_per_million(0.5)
        return Work(
            "PostgreSQL -> PostgreSQL", self.new_target, self.check_target,
            [Contestant("psql COPY BINARY | psql COPY BINARY", self.copy_pipe())]
            + self.ours("", [wall(1.05), cpu, memory(96)], self.read_pg(), self.write_pg(), 1)
            + self.ours(", 2 splits", [wall(0.90), cpu, memory(96)], self.read_pg(), self.write_pg(), 2)
            # What there is to gain from two of each where the servers' processes fill the cores already.
            + [Contestant("psql | psql twice, half the pages each", self.copy_pipe_halves(),
                          [wall(1)])])

    def csv_to_postgres(self):
        return Work(
            "CSV -> PostgreSQL", self.new_target, self.check_target,
            [Contestant("psql \\copy … csv",
                        [*self.pg.client, "-c", f"\\copy target FROM '{self.csv}' WITH (FORMAT csv, HEADER)"])]
            + self.ours("", [wall(0.70), self.cpu_per_million(0.7)], jobs.csv_source(self.csv), self.write_pg()))

    def postgres_to_parquet(self):
        theirs, ours = self.work / "duckdb.parquet", self.work / "parquet"

        def reset():
            jobs.remove(ours, self.work / "parquet.tmp")
            self.pg.settle()

        def check():
            # The yardstick's file is there since the run before.
            a, b = self.parquet_digest(theirs), self.parquet_digest(f"{ours}/**/*.parquet")
            return "" if a == b else f"{a} is {b}"

        def check_theirs():
            columns = ", ".join(f"count({name})" for name, *_ in table.COLUMNS)
            a = self.duckdb.ask(f"SELECT {columns} FROM read_parquet('{theirs}')")
            b = self.pg.sql(f"SELECT {columns} FROM orders").replace("|", ",")
            return "" if a == b else f"{b} is {a}"

        statement = f"COPY (SELECT * FROM pg.orders) TO '{theirs}' (FORMAT parquet)"
        return Work(
            "PostgreSQL -> Parquet", reset, check,
            [Contestant("duckdb, PostgreSQL extension",
                        self.duckdb.command(self.duckdb.attach(self.pg) + statement, self.options.parallelism),
                        before=lambda: jobs.remove(theirs), check=check_theirs)]
            + self.ours("", [wall(1.0), memory_ratio(0.8)], self.read_pg(), jobs.parquet_sink(ours)))

    def parquet_to_postgres(self):
        parquet, binary = self.work / "source.parquet", self.work / "orders.binary"
        database_servers.run(self.duckdb.command(
            f"{self.duckdb.attach(self.pg)} COPY (SELECT * FROM pg.orders) TO '{parquet}' (FORMAT parquet)", 2))
        self.pg.sql(f"\\copy orders TO '{binary}' (FORMAT binary)")
        return Work(
            "Parquet -> PostgreSQL", self.new_target, self.check_target,
            [Contestant("psql COPY BINARY < file", shell(f"{self.copy_in()} < {shlex.quote(str(binary))}"))]
            + self.ours("", [wall(1.05)], jobs.parquet_source(parquet), self.write_pg()))

    def mysql_to_postgres(self):
        pipe = (f"{shlex.join([*self.my.client, '--quick', '-e', 'SELECT * FROM orders'])} |"
                f" {shlex.join([*self.pg.client, '-c', copy_from('NULL ' + repr('NULL'))])}")
        return Work(
            "MySQL -> PostgreSQL", self.new_target, self.check_target,
            [Contestant("mariadb --quick | psql COPY", shell(pipe))]
            + self.ours("", [wall(0.70), self.cpu_per_million(0.7)], self.read_my(), self.write_pg()))

    def postgres_to_mysql(self):
        def reset():
            self.my.sql(f"DROP TABLE IF EXISTS target; {table.mariadb_table('target')}")
            self.my.settle()

        def check():
            found = self.my.sql(table.mariadb_digest("target"))
            return "" if found == self.digest else f"{self.digest} is {found}"

        def local_infile(value):
            return lambda: self.my.sql(f"SET GLOBAL local_infile = {value}")

        load = [*self.my.client, "--local-infile=1", "-e", self.load_data("target")]
        # By default MariaDB's bulk command; without it LOAD DATA, as on MySQL; without both prepared statements.
        ours = self.ours("", [wall(1.15)], self.read_pg(), self.write_my())
        loaded = self.ours(", by LOAD DATA", [wall(1.15)], self.read_pg(), self.write_my("?useBulkStmts=false"))
        fallback = self.ours(", local_infile off", [wall(1.4)], self.read_pg(), self.write_my("?useBulkStmts=false"))
        for contestant in fallback:
            contestant.before, contestant.after = local_infile(0), local_infile(1)
        return Work("PostgreSQL -> MySQL", reset, check,
                    [Contestant("LOAD DATA LOCAL INFILE, ready file", load)] + ours + loaded + fallback)

    def ten_rows(self):
        self.pg.sql("DROP TABLE IF EXISTS ten; CREATE TABLE ten AS SELECT * FROM orders ORDER BY id LIMIT 10; ANALYZE ten")
        expected = self.pg.sql(table.postgres_digest("ten"))

        def reset():
            self.pg.sql(f"DROP TABLE IF EXISTS target; {table.postgres_table('target')}")

        def check():
            found = self.pg.sql(table.postgres_digest("target"))
            return "" if found == expected else f"{expected} is {found}"

        # What users call is, on Debian, a script around the program; the program alone is shown for comparison.
        program = [Contestant("the same without Debian's wrapper", [*self.pg.client, "-c", "select 1"], check=nothing)]
        return Work(
            "10 rows PostgreSQL -> PostgreSQL, whole process", reset, check,
            [Contestant("psql -c 'select 1'", ["psql", *self.pg.client[1:], "-c", "select 1"], check=nothing)] + program
            + self.ours("", [wall(0.75), memory(25)], jobs.jdbc_source(self.pg.jdbc, "bench.public.ten"), self.write_pg()),
            runs=max(self.options.runs, SHORT_RUNS))

    def memory_postgres_to_postgres(self):
        say(f"making {GROWTH} times the rows in PostgreSQL")
        self.pg.sql(table.postgres_table("orders_large", key=True))
        for part in range(GROWTH):
            self.pg.sql(self.shifted(part))
        self.pg.sql("VACUUM (FREEZE, ANALYZE) orders_large")
        return self.memory_work("PostgreSQL -> PostgreSQL", self.pg, self.read_pg)

    def memory_mysql_to_postgres(self):
        say(f"making {GROWTH} times the rows in MariaDB")
        self.my.sql(table.mariadb_table("orders_large"))
        for part in range(GROWTH):
            self.my.sql(self.shifted(part))
        self.my.sql("ANALYZE TABLE orders_large")
        self.my.settle()
        return self.memory_work("MySQL -> PostgreSQL", self.my, self.read_my)

    def memory_work(self, title, server, read):
        """Ours alone, with the rows and with a multiple of them."""
        totals = "SELECT concat_ws(' ', count(*), sum(id), sum(amount), sum(length(email)), sum(length(remark))) FROM "

        def reset():
            # Only memory counts here, so nothing need reach the disk.
            self.pg.sql(f"DROP TABLE IF EXISTS target; {table.postgres_table('target', unlogged=True)}")

        def check(name):
            expected = server.sql(totals + name)

            def compare():
                found = self.pg.sql(totals + "target")
                return "" if found == expected else f"{expected} is {found}"

            return compare

        growth = Bar(f"peak memory, {GROWTH}x / 1x rows", 1.10, lambda ours, theirs: ours.memory / theirs.memory)
        small = self.ours(", 1x the rows", [], read("orders"), self.write_pg())
        large = self.ours(f", {GROWTH}x the rows", [growth], read("orders_large"), self.write_pg())
        for contestant, name in [*((c, "orders") for c in small), *((c, "orders_large") for c in large)]:
            contestant.check = check(name)
        return Work(f"{GROWTH}x the rows, {title}", reset, nothing, small + large, min(self.options.runs, 3), warm_up=False)

    # --- parts of works

    def ours(self, suffix, bars, source, sink, parallelism=None):
        """Our way of doing it, as a list of one; of none if only yardsticks are asked for."""
        if self.binary is None:
            return []
        job = jobs.write(self.work, source, sink, parallelism or self.options.parallelism)
        return [Contestant(f"seatunnel{suffix}", [self.binary, "--config", job], bars)]

    def cpu_per_million(self, most):
        return Bar("client CPU, s per million rows", most, lambda ours, _: ours.cpu / self.rows * 1e6)

    def read_pg(self, name="orders"):
        return jobs.jdbc_source(self.pg.jdbc, f"bench.public.{name}")

    def read_my(self, name="orders"):
        return jobs.jdbc_source(self.my.jdbc, f"bench.{name}")

    def write_pg(self):
        return jobs.jdbc_sink(self.pg.jdbc, "public.target")

    def write_my(self, parameters=""):
        return jobs.jdbc_sink(self.my.jdbc + parameters, "target")

    def copy_in(self):
        return shlex.join([*self.pg.client, "-c", copy_from("FORMAT binary")])

    def copy_pipe(self):
        out = shlex.join([*self.pg.client, "-c", "COPY orders TO STDOUT (FORMAT binary)"])
        return shell(f"{out} | {self.copy_in()}")

    def copy_pipe_halves(self):
        middle = int(self.pg.sql("SELECT pg_relation_size('orders') / current_setting('block_size')::bigint / 2"))
        pipes = []
        for half in (f"ctid < '({middle},0)'", f"ctid >= '({middle},0)'"):
            out = shlex.join([*self.pg.client, "-c", f"COPY (SELECT * FROM orders WHERE {half}) TO STDOUT (FORMAT binary)"])
            pipes.append(f"({out} | {self.copy_in()})")
        return shell(f"{pipes[0]} & {pipes[1]}; wait")

    def load_data(self, name):
        return f"LOAD DATA LOCAL INFILE '{self.text}' INTO TABLE {name} CHARACTER SET utf8mb4"

    def shifted(self, part):
        columns = ", ".join(name for name, *_ in table.COLUMNS[1:])
        return f"INSERT INTO orders_large SELECT id + {part * self.rows}, {columns} FROM orders"

    def new_target(self):
        self.pg.sql(f"DROP TABLE IF EXISTS target; {table.postgres_table('target')}")
        self.pg.settle()

    def check_target(self):
        found = self.pg.sql(table.postgres_digest("target"))
        return "" if found == self.digest else f"{self.digest} is {found}"

    def parquet_digest(self, pattern):
        """Rows, and each column's type, values and hash."""
        parts = ["count(*)", f"sum(hash({', '.join(name for name, *_ in table.COLUMNS)})::HUGEINT)"]
        for name, *_ in table.COLUMNS:
            parts += [f"count({name})", f"any_value(typeof({name}))"]
        return self.duckdb.ask(f"SELECT {', '.join(parts)} FROM read_parquet('{pattern}')")

    # --- measuring

    def measure(self, key):
        work = getattr(self, self.WORKS[key])()
        say(f"{work.title}")
        runs = {contestant.name: [] for contestant in work.contestants}
        failed = {}
        for turn in range(-1 if work.warm_up else 0, work.runs or self.options.runs):
            for contestant in work.contestants:
                if contestant.name in failed:
                    continue
                work.reset()
                contestant.before()
                try:
                    run = self.meter.run(contestant.command)
                except SystemExit as error:
                    failed[contestant.name] = "failed"
                    print(error, file=sys.stderr)
                    contestant.after()
                    continue
                contestant.after()
                difference = (contestant.check or work.check)()
                if difference:
                    failed[contestant.name] = "another content"
                    print(f"{contestant.name}: another content: {difference}", file=sys.stderr)
                elif turn >= 0:
                    runs[contestant.name].append(run)
        self.report(key, work, runs, failed)

    def report(self, key, work, runs, failed):
        first = work.contestants[0].name if work.contestants else ""
        medians = {name: measure.median(found) for name, found in runs.items() if found and name not in failed}
        for contestant in work.contestants:
            name = contestant.name
            result = {"work": key, "title": work.title, "contestant": name, "figures": [],
                      "runs": [dataclasses.asdict(run) for run in runs[name]], "failed": failed.get(name)}
            if name in medians:
                result["median"] = dataclasses.asdict(medians[name])
                for bar in contestant.bars if first in medians else []:
                    value = bar.of(medians[name], medians[first])
                    result["figures"].append({"what": bar.what, "value": value, "bar": bar.most, "ok": value <= bar.most})
            self.results.append(result)


def nothing():
    return ""


def copy_from(settings):
    return f"COPY target FROM STDIN ({settings})"


def shell(line):
    """A command line for a pipe, which fails if any part of it does."""
    return ["bash", "-o", "pipefail", "-c", line]


def same(found, expected, what):
    if found != expected:
        sys.exit(f"{what} has another content:\n{expected}\n{found}")


def say(text):
    print(text, file=sys.stderr, flush=True)


def show(results):
    """The closing table."""
    title = None
    for result in results:
        if result["title"] != title:
            title = result["title"]
            print(f"\n{title:44}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}")
        if result["failed"] or "median" not in result:
            print(f"  {result['contestant']:42}  {result['failed'] or 'not run'}")
            continue
        run = result["median"]
        print(f"  {result['contestant']:42}{run['wall']:9.3f}{run['cpu']:9.3f}{run['memory']:10.1f}")
        for figure in result["figures"]:
            verdict = "ok" if figure["ok"] else "MISSED"
            print(f"      {figure['what']:38}{figure['value']:9.2f}   bar {figure['bar']:6.2f}   {verdict}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", help="the seatunnel binary (default: the newest of target/dist and target/release)")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", action="append", choices=Bench.WORKS, help="only this piece of work; may be repeated")
    parser.add_argument("--parallelism", type=int, default=len(os.sched_getaffinity(0)),
                        help="of ours and of duckdb, where a piece of work doesn't say (default: the number of cores)")
    parser.add_argument("--work", type=pathlib.Path, help="where servers and files go (default: a temporary folder)")
    parser.add_argument("--json", type=pathlib.Path, help="also write everything measured to this file")
    parser.add_argument("--yardsticks-only", action="store_true", help="measure the yardsticks alone, to try the script out")
    options = parser.parse_args()
    options.only = options.only or list(Bench.WORKS)
    if options.yardsticks_only:
        options.only = [name for name in options.only if not name.startswith("memory")]
    with tempfile.TemporaryDirectory(prefix="seatunnel-bench-", dir=options.work) as folder:
        os.chmod(folder, 0o755)  # PostgreSQL's system user works in it
        bench = Bench(options, pathlib.Path(folder).resolve())
        try:
            described = bench.start()
            print(f"{described}\n{options.runs} runs each in turn, medians; parallelism {options.parallelism}; {bench.binary}")
            for key in options.only:
                bench.measure(key)
        finally:
            bench.stop()
    show(bench.results)
    if options.json:
        options.json.write_text(json.dumps({
            "described": described, "rows": options.rows, "runs": options.runs, "parallelism": options.parallelism,
            "postgres": database_servers.POSTGRES_SETTINGS, "mariadb": database_servers.MARIADB_SETTINGS,
            "results": bench.results}, indent=1) + "\n")
    sys.exit(1 if any(result["failed"] for result in bench.results) else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Jobs inside Spark beside what Spark does itself, in one application on the cores of this machine.

Usage: spark.py [--jar target/…/lib/seatunnel-spark-VERSION.jar] [--rows 20000000] [--table 5000000] [--runs 5] [--cores 2]
                [--only NAME]… [--json FILE]

What is measured (names for --only):

  null       made-up rows of six columns (FakeSource) into Blackhole, beside Spark's own range with the same columns into noop
  postgres   a table of PostgreSQL into Parquet files, beside Spark's own JDBC source with the driver of PostgreSQL, with as
             many connections

Spark comes from scripts/spark.sh, the jar from a package (scripts/package.sh --folder target/package), the driver from Maven,
and PostgreSQL is a private server. Both do their work in one Java machine, in turns, after one run of each that does not
count; figures are medians. Between the runs rows are counted, and sums of the files' columns compared. The exit code says
whether everything ran; the figures are for the reader to judge.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import database_servers
import database_table
import measure

DRIVER = "org.postgresql:postgresql:42.7.4"
OPENS = ["java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util",
         "java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch", "sun.nio.cs", "sun.security.action",
         "sun.util.calendar"]

NULL_JOB = """
env {{ parallelism = {cores} }}
source {{ FakeSource {{
  row.num = {share}
  schema {{ fields {{ id = bigint, at = timestamp, amount = double, number = int, name = string, flag = boolean }} }}
}} }}
sink {{ Blackhole {{}} }}
"""

POSTGRES_JOB = """
env {{ parallelism = {cores} }}
source {{ Jdbc {{
  url = "{url}", driver = "org.postgresql.Driver", user = "{user}", password = "{password}"
  table_path = "public.orders", partition_column = id, partition_num = {cores}
}} }}
sink {{ LocalFile {{ path = "{work}/seatunnel", tmp_path = "{work}/tmp", file_format_type = parquet, compress_codec = snappy }} }}
"""


def java(options, jars, arguments):
    """Runs SparkBench and returns the seconds of each run by name."""
    command = ["java", "-Xmx2g", "-XX:-UsePerfData"]
    command += [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in OPENS]
    command += ["-cp", os.pathsep.join([f"{options.spark}/jars/*", str(options.jar), *jars])]
    command += [str(measure.HERE / "SparkBench.java"), *map(str, arguments)]
    environment = dict(os.environ, SPARK_LOCAL_IP="127.0.0.1", SEATUNNEL_LOG_LEVEL="warn")
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    if done.returncode:
        sys.exit(done.stderr[-4000:])
    results = {}
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            _, name, seconds = line.split()
            results.setdefault(name, []).append(float(seconds))
    return results


def report(name, rows, results):
    medians = {who: statistics.median(times) for who, times in results.items()}
    faster = medians["spark"] / medians["seatunnel"]
    for who, times in sorted(results.items()):
        shown = " ".join(f"{time:.2f}" for time in times)
        print(f"{name:10} {who:10} {medians[who]:8.2f} s {rows / medians[who] / 1e6:8.2f} M rows/s   ({shown})")
    print(f"{name:10} seatunnel is {faster:.2f} times as fast", flush=True)
    return {"rows": rows, "seconds": results, "times_as_fast": round(faster, 3)}


def null(options, work):
    (work / "null.conf").write_text(NULL_JOB.format(cores=options.cores, share=options.rows // options.cores))
    rows = options.rows // options.cores * options.cores
    return report("null", rows, java(options, [], ["null", rows, options.runs, options.cores, work]))


def postgres(options, work):
    jars = work / "jars"
    subprocess.run(["mvn", "-B", "-q", "dependency:copy", f"-Dartifact={DRIVER}", f"-DoutputDirectory={jars}"],
                   check=True, cwd=work)
    csv = work / "orders.csv"
    database_table.write_csv(options.table, csv)
    server = database_servers.Postgres(work / "server")
    try:
        database_table.fill_postgres(server, csv)
        server.settle()
        (work / "postgres.conf").write_text(POSTGRES_JOB.format(
            cores=options.cores, url=server.jdbc, user=database_servers.USER, password=database_servers.PASSWORD, work=work))
        return report("postgres", options.table, java(options, map(str, jars.glob("*.jar")), [
            "postgres", server.jdbc, database_servers.USER, database_servers.PASSWORD, "orders", options.table,
            options.runs, options.cores, work]))
    finally:
        server.stop()


PARTS = {"null": null, "postgres": postgres}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jar", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--table", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    if options.jar is None:
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", measure.REPOSITORY / "target"))
        found = sorted(target.glob("package/lib/seatunnel-spark-*.jar"))
        if not found:
            sys.exit("there is no package: run scripts/package.sh --folder target/package, or give --jar")
        options.jar = found[-1]
    options.spark = subprocess.run([measure.REPOSITORY / "scripts/spark.sh", "home"], check=True, text=True,
                                   stdout=subprocess.PIPE).stdout.strip()
    results = {}
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_WORK")) as folder:
        # The server's own account must come to its folder.
        os.chmod(folder, 0o755)
        for name, part in PARTS.items():
            if not options.only or name in options.only:
                work = pathlib.Path(folder) / name
                work.mkdir()
                results[name] = part(options, work)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()

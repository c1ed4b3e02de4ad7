#!/usr/bin/env python3
"""What checkpoints cost: CSV into PostgreSQL with one each second, and with none.

Usage: checkpoints.py [--bin target/dist/seatunnel] [--rows 8000000] [--runs 5] [--interval 1000] [--json FILE]

Both jobs read the table of database_table.py and add rows to the same empty table, turn by turn, after one run of each
that is not counted; figures are medians. The content is compared by row count and a hash. The sink is the default one;
a third contestant promises each row once (prepared transactions), whose commits are the server's work.
The exit code says whether everything ran and the contents are equal; the figures are for the reader to judge.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import sys
import tempfile

import database_jobs as jobs
import database_servers
import database_table as table
import measure

MOST = 1.03  # wall, with checkpoints to without


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin")
    parser.add_argument("--rows", type=int, default=8_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--interval", type=int, default=1000, help="milliseconds between checkpoints")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="checkpoints-") as folder:
        work = pathlib.Path(folder)
        work.chmod(0o755)
        postgres = database_servers.Postgres(work / "postgres")
        try:
            medians = run(options, work, postgres)
        finally:
            postgres.stop()
    base = medians["none"]
    print(f"{'checkpoints':<24} {'wall s':>8} {'CPU s':>8} {'MiB':>6} {'of none':>8}")
    for name, figures in medians.items():
        print(f"{name:<24} {figures.wall:>8.2f} {figures.cpu:>8.2f} {figures.memory:>6.0f} {figures.wall / base.wall:>8.3f}")
    ratio = medians["each interval"].wall / base.wall
    print(f"wall with / without: {ratio:.3f} (bar {MOST}): {measure.verdict(ratio, MOST)}")
    if options.json:
        options.json.write_text(json.dumps({name: dataclasses.asdict(f) for name, f in medians.items()}, indent=2) + "\n")


def run(options, work, postgres):
    csv = work / "orders.csv"
    print(f"making {options.rows:,} rows", file=sys.stderr)
    table.write_csv(options.rows, csv)
    postgres.sql(f"{table.postgres_table('orders')};\n\\copy orders FROM '{csv}' WITH (FORMAT csv, HEADER)")
    expected = postgres.sql(table.postgres_digest("orders"))
    postgres.sql("DROP TABLE orders")
    once = ("\n    is_exactly_once = true\n    xa_data_source_class_name = any\n    max_retries = 0"
            "\n    enable_upsert = false")
    source, sink = jobs.csv_source(csv), jobs.jdbc_sink(postgres.jdbc, "public.target")
    contestants = {
        "none": (sink, None),
        "each interval": (sink, options.interval),
        "each interval, once": (sink.replace("\n    enable_upsert = false", once), options.interval),
    }
    binary, meter, runs = measure.seatunnel(options.bin), measure.Meter(work), {name: [] for name in contestants}
    for turn in range(-1, options.runs):
        for name, (sink, interval) in contestants.items():
            postgres.sql(f"DROP TABLE IF EXISTS target; {table.postgres_table('target')}")
            postgres.settle()
            job = jobs.write(work, source, sink, 1)
            if interval:
                with_interval = job.with_suffix(".checkpoints.conf")
                with_interval.write_text(job.read_text().replace("env {", f"env {{\n  checkpoint.interval = {interval}", 1))
                job = with_interval
            measured = meter.run([binary, "--config", job], env=dict(os.environ, SEATUNNEL_STATE=str(work / "state")))
            found = postgres.sql(table.postgres_digest("target"))
            if found != expected:
                sys.exit(f"{name}: another content: {expected} is {found}")
            if turn >= 0:
                runs[name].append(measured)
    return {name: measure.median(found) for name, found in runs.items()}


if __name__ == "__main__":
    main()

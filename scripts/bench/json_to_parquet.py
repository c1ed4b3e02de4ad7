#!/usr/bin/env python3
"""JSON lines to Parquet beside duckdb: the same file, the same machine, turn by turn.

Usage: json_to_parquet.py [--bin target/dist/seatunnel] [--rows 2000000] [--runs 5] [--threads N] [--work DIR]

Makes the table of make_table.py, has duckdb write it as JSON lines, then measures `LocalFile json -> LocalFile parquet
(snappy)` against duckdb's `COPY (SELECT * FROM read_json(…)) TO … (FORMAT parquet)`, which compresses with snappy too.
Both get the columns and their types and the same number of threads. Runs alternate, figures are medians. The two
results are read back and compared: number of rows, and for each column its NULLs and a hash that does not depend on
the order.

Needs a C compiler (for the small program that measures) and duckdb for Python; if the module is missing it is
installed from PyPI into a virtual environment under the work folder. With 2 million rows some 2 GB of disk are used.
The exit code says whether everything ran and the contents are equal; the figures are for the reader to judge.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import csv_to_parquet as csv
import make_table
import measure

WALL_BAR = 1.0  # of duckdb's wall time


def columns():
    """The columns and their types, as duckdb wants them."""
    return ", ".join(f"'{name}': '{kind}'" for name, kind, _ in make_table.COLUMNS)


def table(work, python, rows):
    """The JSON lines with that many rows, made unless an earlier run left them."""
    path = work / f"table_{rows}.jsonl"
    if not path.exists():
        source = csv.table(work, rows)
        print(f"writing {rows:,} rows to {path}", flush=True)
        part = path.with_suffix(".part")
        read = f"read_csv('{source}', header = true, auto_detect = false, columns = {{{columns()}}})"
        copy = f"COPY (SELECT * FROM {read}) TO '{part}' (FORMAT json)"
        subprocess.run([python, "-c", csv.COPY, copy, "2"], check=True)
        part.rename(path)
    return path


def copy_statement(source, target):
    read = f"read_json('{source}', format = 'newline_delimited', auto_detect = false, columns = {{{columns()}}})"
    return f"COPY (SELECT * FROM {read}) TO '{target}' (FORMAT parquet)"


def job_file(work, source, target, threads):
    """Writes the job file and returns its path."""
    fields = "\n".join(f'        {name} = "{kind}"' for name, _, kind in make_table.COLUMNS)
    job = csv.JOB.format(threads=threads, source=source, target=target, fields=fields)
    job = job.replace('file_format_type = "csv"\n    skip_header_row_number = 1\n', 'file_format_type = "json"\n')
    path = work / f"{source.stem}_json.conf"
    path.write_text(job.replace("csv_to_parquet", "json_to_parquet"))
    return path


def bench(options, work):
    binary = measure.seatunnel(options.bin)
    python = csv.python_with_duckdb(work)
    meter = measure.Meter(work)
    source = table(work, python, options.rows)

    def duckdb():
        target = work / "duckdb.parquet"
        csv.clean(target)
        return meter.run([python, "-c", csv.COPY, copy_statement(source, target), str(options.threads)])

    def seatunnel():
        target = work / "seatunnel"
        csv.clean(target, work / "seatunnel.tmp")
        return meter.run([binary, "--config", job_file(work, source, target, options.threads)])

    version = subprocess.run([python, "-c", "import duckdb; print(duckdb.__version__)"],
                             check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    print(f"{options.rows:,} rows, {csv.size(source):,.0f} MiB of JSON, {options.threads} threads, "
          f"{options.runs} runs each in turn, medians; duckdb {version}")
    idle = measure.median([meter.run([python, "-c", csv.IDLE, str(options.threads)]) for _ in range(options.runs)])
    print(f"of duckdb's figures, Python and loading duckdb are {idle.memory:.0f} MiB and {idle.wall:.2f} s\n")

    # Both find the file in the page cache.
    with open(source, "rb") as file:
        while file.read(1 << 24):
            pass
    theirs, ours = [], []
    for _ in range(options.runs):
        theirs.append(duckdb())
        ours.append(seatunnel())
    d, s = measure.median(theirs), measure.median(ours)
    print(f"{'':34}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'MiB out':>9}")
    for name, run, out in [("duckdb", d, work / "duckdb.parquet"), ("seatunnel", s, work / "seatunnel")]:
        print(f"{name:34}{run.wall:9.2f}{run.cpu:9.2f}{run.memory:10.0f}{csv.size(out):9.0f}", flush=True)
    rows = csv.compare(python, work / "duckdb.parquet", work / "seatunnel")
    if rows != options.rows:
        sys.exit(f"{rows:,} rows came out of {options.rows:,}")
    print("contents equal\n")
    ratio = s.wall / d.wall
    print(f"{'wall, seatunnel / duckdb':42}{ratio:6.2f}   bar {WALL_BAR:.2f}   {measure.verdict(ratio, WALL_BAR)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", help="the seatunnel binary (default: the newest of target/dist and target/release)")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--work", type=pathlib.Path, help="where data and results go and stay (default: a temporary folder)")
    options = parser.parse_args()
    if options.work:
        options.work.mkdir(parents=True, exist_ok=True)
        bench(options, options.work.resolve())
    else:
        with tempfile.TemporaryDirectory(prefix="seatunnel-bench-") as work:
            bench(options, pathlib.Path(work))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""CSV to Parquet beside duckdb: the same file, the same machine, turn by turn.

Usage: csv_to_parquet.py [--bin target/dist/seatunnel] [--rows 2000000] [--runs 5] [--threads N] [--work DIR]

Makes the table of make_table.py with N and with 8N rows, then measures `LocalFile csv -> LocalFile parquet (snappy)`
against duckdb's `COPY (SELECT * FROM read_csv(…)) TO … (FORMAT parquet)`, which compresses with snappy too. Both get
the columns and their types and the same number of threads. Runs alternate, figures are medians. Each result is read
back and compared: number of rows, and for each column its NULLs and a hash that does not depend on the order.

Needs a C compiler (for the small program that measures) and duckdb for Python; if the module is missing it is
installed from PyPI into a virtual environment under the work folder. With 8 x 2 million rows some 8 GB of disk are used.
The exit code says whether everything ran and the contents are equal; the figures are for the reader to judge.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import make_table
import measure

WALL_BAR = 1.1  # of duckdb's wall time
MEMORY_BAR = 0.5  # of duckdb's peak memory
GROWTH_BAR = 1.1  # memory at 8 times the rows
GROWTH = 8
DUCKDB = "duckdb>=1.4"

# Runs in a fresh process each time: arguments are the SQL text and the number of threads.
COPY = "import duckdb, sys; c = duckdb.connect(); c.execute('SET threads = ' + sys.argv[2]); c.execute(sys.argv[1])"
# What the process above needs before it does anything.
IDLE = "import duckdb, sys; c = duckdb.connect(); c.execute('SET threads = ' + sys.argv[1])"
# Prints the one row that a query gives, as JSON.
ASK = (
    "import duckdb, json, sys; c = duckdb.connect(); c.execute('SET enable_progress_bar = false');"
    " print(json.dumps([str(v) for v in c.execute(sys.argv[1]).fetchone()]))"
)

JOB = """\
env {{
  job.name = "csv_to_parquet"
  job.mode = "BATCH"
  parallelism = {threads}
}}
source {{
  LocalFile {{
    path = "{source}"
    file_format_type = "csv"
    skip_header_row_number = 1
    schema {{
      fields {{
{fields}
      }}
    }}
    plugin_output = "table"
  }}
}}
sink {{
  LocalFile {{
    plugin_input = "table"
    path = "{target}"
    tmp_path = "{target}.tmp"
    file_format_type = "parquet"
    compress_codec = "snappy"
  }}
}}
"""


def python_with_duckdb(work):
    """A Python that has duckdb: this one, or that of a virtual environment."""
    if importlib.util.find_spec("duckdb"):
        return sys.executable
    python = work / "venv/bin/python"
    if not python.exists():
        print("installing duckdb into a virtual environment", flush=True)
        subprocess.run([sys.executable, "-m", "venv", work / "venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", DUCKDB], check=True)
    return str(python)


def table(work, rows):
    """The CSV with that many rows, made unless an earlier run left it."""
    path = work / f"table_{rows}.csv"
    if not path.exists():
        print(f"writing {rows:,} rows to {path}", flush=True)
        part = path.with_suffix(".part")
        with open(part, "wb", buffering=0) as out:
            make_table.write(rows, out)
        part.rename(path)
    return path


def copy_statement(source, target):
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind, _ in make_table.COLUMNS)
    return (f"COPY (SELECT * FROM read_csv('{source}', header = true, auto_detect = false, delim = ',', "
            f"quote = '\"', escape = '\"', columns = {{{columns}}})) TO '{target}' (FORMAT parquet)")


def job_file(work, source, target, threads):
    """Writes the job file and returns its path."""
    fields = "\n".join(f'        {name} = "{kind}"' for name, _, kind in make_table.COLUMNS)
    path = work / f"{source.stem}.conf"
    path.write_text(JOB.format(threads=threads, source=source, target=target, fields=fields))
    return path


def clean(*paths):
    """Removes what a run before has written and waits until the disk is quiet, so that no run pays for another."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    os.sync()


def digest(python, pattern):
    """Row count, and for each column non-NULL count and sum of hashes; by name, so that a difference can be named."""
    parts = ["count(*)"]
    names = ["rows"]
    for name, kind, _ in make_table.COLUMNS:
        # A column of another type than it should have is a difference too.
        parts += [f"count({name})", f"sum(hash({name})::HUGEINT)", f"any_value(typeof({name}))"]
        names += [f"{name}: values", f"{name}: hash", f"{name}: type"]
    parts.append(f"sum(hash({', '.join(name for name, _, _ in make_table.COLUMNS)})::HUGEINT)")
    names.append("whole rows: hash")
    query = f"SELECT {', '.join(parts)} FROM read_parquet('{pattern}')"
    answer = subprocess.run([python, "-c", ASK, query], check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(zip(names, json.loads(answer)))


def compare(python, theirs, ours):
    """Ends the benchmark if the two results differ."""
    a, b = digest(python, theirs), digest(python, f"{ours}/**/*.parquet")
    different = [f"  {key}: duckdb {a[key]}, seatunnel {b[key]}" for key in a if a[key] != b[key]]
    if different:
        sys.exit("the results differ:\n" + "\n".join(different))
    return int(a["rows"])


def size(path):
    """MiB of a file, or of all files under a folder."""
    files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
    return sum(f.stat().st_size for f in files) / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", help="the seatunnel binary (default: the newest of target/dist and target/release)")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--work", type=pathlib.Path, help="where data and results go and stay (default: a temporary folder)")
    parser.add_argument("--duckdb-only", action="store_true", help="measure duckdb alone, to try the script out")
    options = parser.parse_args()
    if options.work:
        options.work.mkdir(parents=True, exist_ok=True)
        bench(options, options.work.resolve())
    else:
        with tempfile.TemporaryDirectory(prefix="seatunnel-bench-") as work:
            bench(options, pathlib.Path(work))


def bench(options, work):
    binary = None if options.duckdb_only else measure.seatunnel(options.bin)
    python = python_with_duckdb(work)
    meter = measure.Meter(work)
    small, large = table(work, options.rows), table(work, options.rows * GROWTH)

    def duckdb(source):
        target = work / "duckdb.parquet"
        clean(target)
        return meter.run([python, "-c", COPY, copy_statement(source, target), str(options.threads)])

    def seatunnel(source):
        target = work / "seatunnel"
        clean(target, work / "seatunnel.tmp")
        job = job_file(work, source, target, options.threads)
        return meter.run([binary, "--config", job])

    version = subprocess.run([python, "-c", "import duckdb; print(duckdb.__version__)"],
                             check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    print(f"{options.rows:,} rows, {size(small):,.0f} MiB of CSV, {options.threads} threads, "
          f"{options.runs} runs each in turn, medians; duckdb {version}")
    idle = measure.median([meter.run([python, "-c", IDLE, str(options.threads)]) for _ in range(options.runs)])
    print(f"of duckdb's figures, Python and loading duckdb are {idle.memory:.0f} MiB and {idle.wall:.2f} s\n")

    small.read_bytes()  # both find the file in the page cache
    theirs, ours = [], []
    for _ in range(options.runs):
        theirs.append(duckdb(small))
        if binary:
            ours.append(seatunnel(small))
    d = measure.median(theirs)
    print(f"{'':34}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'MiB out':>9}")

    def line(name, run, out):
        print(f"{name:34}{run.wall:9.2f}{run.cpu:9.2f}{run.memory:10.0f}{size(out):9.0f}", flush=True)

    line("duckdb", d, work / "duckdb.parquet")
    if not binary:
        line(f"duckdb, {GROWTH} times the rows", duckdb(large), work / "duckdb.parquet")
        return
    s = measure.median(ours)
    line("seatunnel", s, work / "seatunnel")
    rows = compare(python, work / "duckdb.parquet", work / "seatunnel")
    if rows != options.rows:
        sys.exit(f"{rows:,} rows came out of {options.rows:,}")

    big = measure.median([seatunnel(large) for _ in range(min(options.runs, 3))])
    line(f"seatunnel, {GROWTH} times the rows", big, work / "seatunnel")
    line(f"duckdb, {GROWTH} times the rows, 1 run", duckdb(large), work / "duckdb.parquet")
    compare(python, work / "duckdb.parquet", work / "seatunnel")
    print("contents equal, with the rows and with 8 times the rows\n")

    figures = [
        ("wall, seatunnel / duckdb", s.wall / d.wall, WALL_BAR),
        ("peak memory, seatunnel / duckdb", s.memory / d.memory, MEMORY_BAR),
        (f"seatunnel's peak memory, {GROWTH}x / 1x rows", big.memory / s.memory, GROWTH_BAR),
    ]
    for name, value, bar in figures:
        print(f"{name:42}{value:6.2f}   bar {bar:.2f}   {measure.verdict(value, bar)}")


if __name__ == "__main__":
    main()

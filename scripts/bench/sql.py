#!/usr/bin/env python3
"""The Sql transform beside DataFusion alone: the same query over the same Parquet files, turn by turn.

Usage: sql.py [--bin target/dist/seatunnel] [--rows 20000000] [--runs 5] [--threads N] [--work DIR]

Makes a table of that many rows (five columns, in a file for each of N readers), then measures
`LocalFile parquet -> Sql -> Blackhole` against DataFusion's own build for Python, which reads the same files, computes the
same query with its own functions, and drops the result batch by batch. The query has a filter that keeps three rows of four
and five computed columns: a product, rounding, upper case, a part of a text, a CASE. Both have N threads. Runs alternate,
figures are medians. Ours is the wall time of the whole process; DataFusion's that of the query alone, without the start of
Python.

Needs a C compiler (for the small program that measures) and datafusion for Python; if the module is missing it is
installed from PyPI into a virtual environment under the work folder. With 20 million rows some 1 GB of disk is used. The
exit code says whether everything ran and both counted the same rows; the figures are for the reader to judge.
"""

import argparse
import importlib.util
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import measure

BAR = 0.8  # of DataFusion's speed
DATAFUSION = "datafusion>=55,<56"

QUERY = """
      SELECT id,
             price * quantity AS total,
             ROUND(price * 1.19, 2) AS gross,
             UPPER(name) AS title,
             SUBSTRING(code, 1, 3) AS area,
             CASE WHEN quantity > 500 THEN 'many' ELSE 'few' END AS size
      FROM t
      WHERE price > 250"""

# Runs in a fresh process each time: arguments are the folder, the number of threads and the query. Prints the seconds
# of the query and the rows of its result.
ALONE = """\
import sys, time
import datafusion
folder, threads, query = sys.argv[1], int(sys.argv[2]), sys.argv[3]
context = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(threads))
begin = time.perf_counter()
context.register_parquet("t", folder)
rows = sum(batch.to_pyarrow().num_rows for batch in context.sql(query).execute_stream())
print(time.perf_counter() - begin, rows)
"""

MAKE = """\
env {{ job.mode = "BATCH", parallelism = {threads} }}
source {{
  FakeSource {{
    plugin_output = "rows"
    row.num = {share}
    split.num = 1
    double.min = 0, double.max = 1000
    int.min = 0, int.max = 1000
    string.length = 12
    schema {{ fields {{ id = bigint, price = double, quantity = int, name = string, code = string }} }}
  }}
}}
sink {{
  LocalFile {{
    plugin_input = "rows"
    path = "{folder}"
    tmp_path = "{folder}.tmp"
    file_format_type = "parquet"
    compress_codec = "snappy"
  }}
}}
"""

JOB = """\
env {{ job.mode = "BATCH", parallelism = {threads} }}
source {{
  LocalFile {{
    plugin_output = "t"
    path = "{folder}"
    file_format_type = "parquet"
  }}
}}
transform {{
  Sql {{
    plugin_input = "t"
    plugin_output = "computed"
    query = \"\"\"{query}
    \"\"\"
  }}
}}
sink {{ Blackhole {{ plugin_input = "computed" }} }}
"""


def python_with_datafusion(work):
    """A Python that has datafusion: this one, or that of a virtual environment."""
    if importlib.util.find_spec("datafusion"):
        return sys.executable
    python = work / "venv/bin/python"
    if not python.exists():
        print("installing datafusion into a virtual environment", flush=True)
        subprocess.run([sys.executable, "-m", "venv", work / "venv"], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", DATAFUSION, "pyarrow"]
    subprocess.run(install, check=True)
    return str(python)


def output(command):
    """What a program prints; the benchmark ends if it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, command))}\n{done.stdout[-4000:]}")
    return done.stdout


def number(text, pattern):
    """The number that a pattern finds."""
    found = re.search(pattern, text)
    if not found:
        sys.exit(f"no {pattern!r} in:\n{text[-4000:]}")
    return int(found.group(1).replace(",", ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", help="the seatunnel binary (default: the newest of target/dist and target/release)")
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--work", help="a folder for the table, which stays (default: a temporary one)")
    options = parser.parse_args()
    binary = measure.seatunnel(options.bin)
    with tempfile.TemporaryDirectory(prefix="seatunnel-bench-") as temporary:
        work = pathlib.Path(options.work or temporary).resolve()
        work.mkdir(parents=True, exist_ok=True)
        python, threads = python_with_datafusion(work), options.threads
        folder = work / f"sql_{options.rows}_{threads}"
        fields = {"threads": threads, "folder": folder, "share": options.rows // threads, "query": QUERY}
        if not folder.exists():
            print(f"writing {options.rows:,} rows to {folder}", flush=True)
            make = work / "make.conf"
            make.write_text(MAKE.format(**fields))
            output([binary, "--config", make])
        job = work / "sql.conf"
        job.write_text(JOB.format(**fields))
        ours, alone = [binary, "--config", job], [python, "-c", ALONE, folder, str(threads), QUERY]

        def theirs():
            """Seconds and rows of DataFusion alone."""
            seconds, rows = output(alone).split()
            return float(seconds), int(rows)

        # The first runs bring programs and files into the page cache; what they count must be equal.
        _, expected = theirs()
        written = number(output(ours), r"Total Write Count\D+([\d,]+)")
        if written != expected:
            sys.exit(f"the Sql transform gave {written:,} rows, DataFusion alone {expected:,}")
        meter = measure.Meter(work)
        runs = [(meter.run(ours), theirs()[0]) for _ in range(options.runs)]
    sql, datafusion = measure.median([a for a, _ in runs]), statistics.median(b for _, b in runs)
    print(f"{options.rows:,} rows, {expected:,} of them kept, {threads} threads, {options.runs} runs, medians")
    print(f"Sql transform    {sql.wall:8.2f} s {options.rows / sql.wall:14,.0f} rows/s {sql.memory:6.0f} MiB")
    print(f"DataFusion alone {datafusion:8.2f} s {options.rows / datafusion:14,.0f} rows/s")
    speed = datafusion / sql.wall
    print(f"speed of the Sql transform: {speed:.2f} of DataFusion alone, bar {BAR}: {'ok' if speed >= BAR else 'below the bar'}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Jobs inside Flink: made-up rows of six columns through a session cluster into nothing, checkpoints on.

Usage: flink.py [--package target/package] [--rows 100000000] [--runs 4] [--cores 2] [--interval 2000] [--json FILE]

FakeSource makes the rows, Blackhole counts and drops them; between them, batches go through Flink's own operators, chained,
each with its checkpoints. The package is what scripts/package.sh --folder makes; Flink comes from scripts/flink.sh, with one
TaskManager that has as many slots as cores. The first run in a TaskManager is slower, as Java compiles, and does not
count; the figure is the median of the others: rows by the time that Flink calls the job running. Rows and checkpoints are
counted. The exit code says whether everything ran; the figures are for the reader to judge, against the bar of 20 million
rows a second.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import urllib.request

BAR = 20_000_000
ROOT = pathlib.Path(__file__).resolve().parents[2]

JOB = """
env {{ parallelism = {cores}, checkpoint.interval = {interval} }}
source {{ FakeSource {{
  row.num = {share}
  schema {{ fields {{ id = bigint, at = timestamp, amount = double, number = int, name = string, flag = boolean }} }}
}} }}
sink {{ Blackhole {{}} }}
"""


def start(folder, cores):
    """Starts a cluster and returns what its environment is."""
    settings = dict(os.environ, FLINK_SLOTS=str(cores), FLINK_MEMORY="1500m")
    output = subprocess.run([ROOT / "scripts/flink.sh", "start", folder, "1"], env=settings, check=True,
                            capture_output=True, text=True).stdout
    pairs = [shlex.split(line)[1].split("=", 1) for line in output.splitlines() if line.startswith("export ")]
    return dict(os.environ, **dict(pairs))


def ask(environment, path):
    """What the cluster's REST interface says."""
    with urllib.request.urlopen(f"http://{environment['ST_FLINK']}{path}", timeout=30) as answer:
        return json.load(answer)


def run(options, environment, job):
    """Runs a job and returns rows, seconds and checkpoints."""
    command = [options.package / "bin/seatunnel", "--engine", "flink", "--master", environment["ST_FLINK"], "--config", job]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    said = done.stdout + done.stderr
    number = re.search(r"submitted with JobID (\w+)", said)
    rows = re.search(r"Total Write Count +: +(\d+)", said)
    if done.returncode != 0 or not number or not rows:
        sys.exit(f"the job has failed:\n{said}")
    times = ask(environment, f"/jobs/{number[1]}")["timestamps"]
    checkpoints = ask(environment, f"/jobs/{number[1]}/checkpoints")["counts"]["completed"]
    return int(rows[1]), (times["FINISHED"] - times["RUNNING"]) / 1000, checkpoints


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=pathlib.Path, default=ROOT / "target/package")
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--interval", type=int, default=2000, help="milliseconds between checkpoints")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    if not (options.package / "bin/seatunnel").is_file():
        sys.exit(f"no package in {options.package}: make one by scripts/package.sh --folder {options.package}")
    share = options.rows // options.cores
    seconds = []
    with tempfile.TemporaryDirectory() as work:
        job = pathlib.Path(work, "job.conf")
        job.write_text(JOB.format(cores=options.cores, share=share, interval=options.interval))
        cluster = pathlib.Path(work, "cluster")
        environment = start(cluster, options.cores)
        try:
            for number in range(options.runs):
                rows, took, checkpoints = run(options, environment, job)
                if rows != share * options.cores:
                    sys.exit(f"{rows} rows arrived, {share * options.cores} were made")
                note = " (warming up)" if number == 0 and options.runs > 1 else ""
                print(f"{rows / took / 1e6:6.1f} million rows/s: {rows} rows in {took:.2f} s, {checkpoints} checkpoints{note}",
                      flush=True)
                if not note:
                    seconds.append(took)
        finally:
            subprocess.run([ROOT / "scripts/flink.sh", "stop", cluster], check=True)
    median = share * options.cores / statistics.median(seconds)
    print(f"median {median / 1e6:.1f} million rows/s; the bar is {BAR / 1e6:.0f}: {'ok' if median >= BAR else 'below the bar'}")
    if options.json:
        options.json.write_text(json.dumps({"rows": share * options.cores, "seconds": seconds, "rows_per_second": median}))


main()

#!/usr/bin/env python3
"""What the smallest job costs: 10 made-up rows to the console. Wall time and peak memory, medians.

Usage: startup.py [--bin target/dist/seatunnel] [--runs 50]

Needs a C compiler, for the small program that measures.
"""

import argparse
import pathlib
import tempfile

import measure

WALL_BAR = 30.0  # ms
MEMORY_BAR = 25.0  # MiB

JOB = """\
env { job.mode = "BATCH" }
source {
  FakeSource {
    plugin_output = "rows"
    row.num = 10
    schema { fields { id = bigint, name = string, amount = "decimal(10, 2)", day = date } }
  }
}
sink { Console { plugin_input = "rows" } }
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", help="the seatunnel binary (default: the newest of target/dist and target/release)")
    parser.add_argument("--runs", type=int, default=50)
    options = parser.parse_args()
    binary = measure.seatunnel(options.bin)
    with tempfile.TemporaryDirectory(prefix="seatunnel-bench-") as work:
        job = pathlib.Path(work) / "startup.conf"
        job.write_text(JOB)
        meter = measure.Meter(work)
        meter.run([binary, "--config", job])  # brings the binary into the page cache
        run = measure.median([meter.run([binary, "--config", job]) for _ in range(options.runs)])
    print(f"10 rows, FakeSource to Console, {options.runs} runs, medians of {binary}")
    for name, value, unit, bar in [("wall", run.wall * 1000, "ms", WALL_BAR), ("peak memory", run.memory, "MiB", MEMORY_BAR)]:
        print(f"{name:12}{value:8.1f} {unit:4} bar {bar:.0f} {unit:4} {measure.verdict(value, bar)}")


if __name__ == "__main__":
    main()

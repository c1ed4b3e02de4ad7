#!/usr/bin/env python3
"""What transforms cost: a CSV of 16 columns into a blackhole, with and without them, turn by turn.

Usage: transforms.py [--bin target/dist/seatunnel] [--rows 4000000] [--runs 5] [--threads 1] [--json FILE]

Contestants: no transform, FieldMapper (all columns, half of them renamed), Filter (all but one column), Replace (a
text in one column, and a pattern in one column), and FieldMapper, Filter and Replace one behind the other. Runs
alternate, after one of each that is not counted; figures are medians, and so are the ratios: each is taken within one
round, so that what slows the machine down slows both. The bar is 1.05 of the wall time without transforms.
The exit code says whether everything ran; the figures are for the reader to judge.
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile

import make_table
import measure

BAR = 1.05

JOB = """\
env {{
  job.name = "transforms"
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
    plugin_output = "rows0"
  }}
}}
transform {{
{transforms}
}}
sink {{
  Blackhole {{
    plugin_input = "rows{last}"
  }}
}}
"""


def blocks(text_column):
    """The transforms of each contestant, as lines of their blocks."""
    names = [name for name, _, _ in make_table.COLUMNS]
    pairs = ", ".join(f'{name} = "{name}{"_new" if at % 2 else ""}"' for at, name in enumerate(names))
    mapper = ("FieldMapper", [f"field_mapper {{ {pairs} }}"])
    renamed = text_column + ("_new" if names.index(text_column) % 2 else "")
    other = next(name for name in names if name != text_column)

    def replace(column, pattern, regex):
        return ("Replace", [
            f'replace_field = "{column}"', f'pattern = "{pattern}"', 'replacement = "-"', f"is_regex = {regex}"])

    def filtered(name):
        return ("Filter", [f'exclude_fields = ["{name}"]'])

    dropped = other + ("_new" if names.index(other) % 2 else "")
    return {
        "none": [],
        "FieldMapper": [mapper],
        "Filter": [filtered(other)],
        "Replace": [replace(text_column, "a", "false")],
        "Replace (pattern)": [replace(text_column, "[ae]", "true")],
        "all three": [mapper, filtered(dropped), replace(renamed, "a", "false")],
    }


def job_file(work, name, chain, source, threads):
    """Writes the job file of a contestant and returns its path."""
    fields = "\n".join(f'        {column} = "{kind}"' for column, _, kind in make_table.COLUMNS)
    lines = []
    for at, (plugin, options) in enumerate(chain):
        ends = [f'plugin_input = "rows{at}"', f'plugin_output = "rows{at + 1}"']
        lines += [f"  {plugin} {{", *(f"    {line}" for line in ends + options), "  }"]
    path = work / f"{''.join(c if c.isalnum() else '_' for c in name)}.conf"
    path.write_text(JOB.format(
        threads=threads, source=source, fields=fields, transforms="\n".join(lines), last=len(chain)))
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin")
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    binary = measure.seatunnel(options.bin)
    text_column = "customer"
    with tempfile.TemporaryDirectory(prefix="transforms-") as folder:
        work = pathlib.Path(folder)
        source = work / "table.csv"
        print(f"making {options.rows:,} rows", file=sys.stderr)
        with open(source, "wb", buffering=0) as out:
            make_table.write(options.rows, out)
        meter = measure.Meter(work)
        chains = blocks(text_column)
        jobs = {name: job_file(work, name, chain, source, options.threads) for name, chain in chains.items()}
        runs = {name: [] for name in jobs}
        for number in range(options.runs + 1):
            for name, job in jobs.items():
                run = meter.run([binary, "--config", job])
                if number:
                    runs[name].append(run)
    result = {}
    print(f"{'transform of ' + text_column:<24} {'wall s':>8} {'CPU s':>8} {'MiB':>6} {'of none':>8}")
    for name, figures in runs.items():
        middle = measure.median(figures)
        ratio = statistics.median(run.wall / base.wall for run, base in zip(figures, runs["none"]))
        result[name] = {"wall": middle.wall, "cpu": middle.cpu, "memory": middle.memory, "ratio": ratio}
        says = "" if name == "none" else f"  (bar {BAR}): {measure.verdict(ratio, BAR)}"
        print(f"{name:<24} {middle.wall:>8.2f} {middle.cpu:>8.2f} {middle.memory:>6.0f} {ratio:>8.3f}{says}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes the benchmark's table: 16 columns of mixed types as CSV with a header, NULL as an empty cell.

Usage: make_table.py [--rows 2000000] --out table.csv

The same number of rows gives the same bytes each time. Needs only Python's standard library.
2 million rows take some 5 seconds: keys, amounts and times are computed for each row, the other columns are put
together from two pools of rendered pieces whose sizes have no common factor, so that no stretch of rows repeats.
"""

import argparse
import datetime
import random

# name, duckdb's type, SeaTunnel's type
COLUMNS = [
    ("id", "BIGINT", "bigint"),
    ("account", "BIGINT", "bigint"),
    ("amount", "DECIMAL(12,2)", "decimal(12, 2)"),
    ("created_at", "TIMESTAMP", "timestamp"),
    ("order_no", "INTEGER", "int"),
    ("quantity", "INTEGER", "int"),
    ("discount", "DECIMAL(5,4)", "decimal(5, 4)"),
    ("weight", "DOUBLE", "double"),
    ("score", "DOUBLE", "double"),
    ("order_date", "DATE", "date"),
    ("updated_at", "TIMESTAMP", "timestamp"),
    ("paid", "BOOLEAN", "boolean"),
    ("status", "VARCHAR", "string"),
    ("customer", "VARCHAR", "string"),
    ("email", "VARCHAR", "string"),
    ("remark", "VARCHAR", "string"),
]

SEED = 20130101
NUMBERS = 65_537  # pieces with order_no .. order_date; prime
TEXTS = 32_771  # pieces with updated_at .. remark; prime
BLOCK = 20_000  # rows of one write
START = datetime.datetime(2020, 1, 1)
STATUS = ["new", "paid", "packed", "shipped", "delivered", "returned", "cancelled"]
WORDS = (
    "gentle river stone harbour lantern meadow winter copper signal garden velvet summit orchard quiet ember "
    "canyon maple thunder silver window paper market bridge island castle forest pepper marble ocean candle"
).split()


def maybe(dice, nulls, value):
    """`value`, or an empty cell in `nulls` of 1 cases."""
    return "" if dice.random() < nulls else value


def quoted(text):
    """A CSV cell: in quotes only if the text asks for it."""
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def numbers(dice):
    """order_no, quantity, discount, weight, score, order_date."""
    day = START.date() + datetime.timedelta(days=dice.randrange(1826))
    return ",".join([
        str(dice.randrange(1, 2**31 - 1)),
        maybe(dice, 0.05, str(dice.randrange(1, 100))),
        maybe(dice, 0.10, f"{dice.randrange(0, 5000) / 10000:.4f}"),
        repr(dice.lognormvariate(1, 1)),
        maybe(dice, 0.05, f"{dice.uniform(-100, 100):.6f}"),
        str(day),
    ])


def remark(dice):
    """0 to some 100 characters; one in ten has a comma or quotation marks."""
    words = [dice.choice(WORDS) for _ in range(dice.randrange(1, 16))]
    shape = dice.random()
    if shape < 0.05:
        words[0] = f'"{words[0]}"'
    elif shape < 0.10:
        words[0] += ","
    return quoted(" ".join(words))


def texts(dice):
    """updated_at, paid, status, customer, email, remark."""
    first, last = dice.choice(WORDS), dice.choice(WORDS)
    stamp = START + datetime.timedelta(seconds=dice.randrange(5 * 365 * 86400))
    return ",".join([
        maybe(dice, 0.20, str(stamp)),
        dice.choice(["true", "false"]),
        dice.choice(STATUS),
        f"{first.title()} {last.title()}",
        f"{first}.{last}{dice.randrange(10**6)}@{dice.choice(WORDS)}.example",
        maybe(dice, 0.15, remark(dice)),
    ])


def write(rows, out):
    """Writes header and `rows` rows to the binary file `out`."""
    dice = random.Random(SEED)
    a = [numbers(dice) for _ in range(NUMBERS)]
    b = [texts(dice) for _ in range(TEXTS)]
    seconds = [f"{s // 60:02}:{s % 60:02}" for s in range(3600)]
    hours = {}
    out.write((",".join(name for name, _, _ in COLUMNS) + "\n").encode())
    for start in range(0, rows, BLOCK):
        lines = []
        for i in range(start, min(start + BLOCK, rows)):
            mixed = i * 0x9E3779B97F4A7C15 & 0x7FFFFFFFFFFFFFFF
            hour, second = divmod(i * 7, 3600)
            if hour not in hours:
                # Five years of hours at most, then again from the start.
                hours = {hour: f"{START + datetime.timedelta(hours=hour % 43_800):%Y-%m-%d %H}"}
            lines.append(
                f"{i + 1},{mixed},{mixed % 9_999_999}.{mixed % 90 + 10},{hours[hour]}:{seconds[second]},"
                f"{a[i % NUMBERS]},{b[i % TEXTS]}\n")
        out.write("".join(lines).encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    with open(options.out, "wb", buffering=0) as out:
        write(options.rows, out)


if __name__ == "__main__":
    main()

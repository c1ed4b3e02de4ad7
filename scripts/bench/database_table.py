"""The table of databases.py: 16 columns of the types that tables mostly have, in each database and as a file.

The same number of rows gives the same bytes each time. A row's digest is the same in PostgreSQL and in MariaDB.
"""

import datetime
import random

import make_table

# name, PostgreSQL's type, MariaDB's type, SeaTunnel's type
COLUMNS = [
    ("id", "bigint", "bigint", "bigint"),
    ("account", "bigint", "bigint", "bigint"),
    ("parent", "bigint", "bigint", "bigint"),
    ("order_no", "integer", "int", "int"),
    ("quantity", "integer", "int", "int"),
    ("stock", "integer", "int", "int"),
    ("amount", "numeric(12,2)", "decimal(12,2)", "decimal(12, 2)"),
    ("balance", "numeric(18,4)", "decimal(18,4)", "decimal(18, 4)"),
    ("order_date", "date", "date", "date"),
    ("due_date", "date", "date", "date"),
    ("created_at", "timestamp", "datetime", "timestamp"),
    ("updated_at", "timestamp", "datetime", "timestamp"),
    ("status", "varchar(16)", "varchar(16)", "string"),
    ("customer", "varchar(64)", "varchar(64)", "string"),
    ("email", "varchar(96)", "varchar(96)", "string"),
    ("remark", "varchar(200)", "varchar(200)", "string"),
]

# Pieces of rows whose numbers have no common factor, so that no stretch of rows repeats; both prime.
NUMBERS = 65_537
TEXTS = 32_771
BLOCK = 20_000  # rows of one write


def numbers(dice):
    """parent .. due_date: NULL in some of parent, quantity, balance and due_date."""
    day = make_table.START.date() + datetime.timedelta(days=dice.randrange(1826))
    return ",".join([
        make_table.maybe(dice, 0.20, str(dice.randrange(1, 2**40))),
        str(dice.randrange(1, 2**31 - 1)),
        make_table.maybe(dice, 0.05, str(dice.randrange(1, 100))),
        str(dice.randrange(-1000, 100_000)),
        f"{dice.randrange(0, 10**8) / 100:.2f}",
        make_table.maybe(dice, 0.10, f"{dice.randrange(-10**10, 10**12) / 10000:.4f}"),
        str(day),
        make_table.maybe(dice, 0.15, str(day + datetime.timedelta(days=dice.randrange(90)))),
    ])


def texts(dice):
    """updated_at .. remark: NULL in some of updated_at and remark."""
    first, last = dice.choice(make_table.WORDS), dice.choice(make_table.WORDS)
    stamp = make_table.START + datetime.timedelta(seconds=dice.randrange(5 * 365 * 86400))
    return ",".join([
        make_table.maybe(dice, 0.20, str(stamp)),
        dice.choice(make_table.STATUS),
        f"{first.title()} {last.title()}",
        f"{first}.{last}{dice.randrange(10**6)}@{dice.choice(make_table.WORDS)}.example",
        make_table.maybe(dice, 0.15, make_table.remark(dice)),
    ])


def write_csv(rows, path):
    """Writes the table as CSV with a header, NULL as an empty cell, unless an earlier run left it."""
    if path.exists():
        return
    dice = random.Random(make_table.SEED)
    a = [numbers(dice) for _ in range(NUMBERS)]
    b = [texts(dice) for _ in range(TEXTS)]
    seconds = [f"{s // 60:02}:{s % 60:02}" for s in range(3600)]
    part = path.with_suffix(".part")
    with open(part, "wb", buffering=0) as out:
        out.write((",".join(name for name, *_ in COLUMNS) + "\n").encode())
        hours = {}
        for start in range(0, rows, BLOCK):
            lines = []
            for i in range(start, min(start + BLOCK, rows)):
                hour, second = divmod(i * 7, 3600)
                if hour not in hours:
                    # Five years of hours at most, then again from the start.
                    hours = {hour: f"{make_table.START + datetime.timedelta(hours=hour % 43_800):%Y-%m-%d %H}"}
                account = i * 0x9E3779B97F4A7C15 & 0x7FFFFFFFFFFFFFFF
                lines.append(f"{i + 1},{account},{a[i % NUMBERS]},{hours[hour]}:{seconds[second]},{b[i % TEXTS]}\n")
            out.write("".join(lines).encode())
    part.rename(path)


def fill_postgres(server, csv):
    """Makes the table `orders` of a file of write_csv in a server of database_servers."""
    server.sql(f"{postgres_table('orders', key=True)};\n"
               f"\\copy orders FROM '{csv}' WITH (FORMAT csv, HEADER)\nVACUUM (FREEZE, ANALYZE) orders")


def postgres_table(name, key=False, unlogged=False):
    """CREATE TABLE for PostgreSQL."""
    columns = ", ".join(f"{column} {kind}" for column, kind, *_ in COLUMNS)
    return f"CREATE {'UNLOGGED ' if unlogged else ''}TABLE {name} ({columns}{', PRIMARY KEY (id)' if key else ''})"


def mariadb_table(name):
    """CREATE TABLE for MariaDB, with its primary key: InnoDB always has one."""
    columns = ", ".join(f"{column} {kind}" for column, _, kind, _ in COLUMNS)
    return f"CREATE TABLE {name} ({columns}, PRIMARY KEY (id)) DEFAULT CHARACTER SET utf8mb4"


def postgres_digest(name):
    """Rows and a sum of hashes that does not depend on their order, as `rows sum`."""
    cells = ", ".join(f"coalesce({column}::text, '\\N')" for column, *_ in COLUMNS)
    return (f"SELECT count(*) || ' ' || coalesce(sum(('x' || left(md5(concat_ws('|', {cells})), 15))::bit(60)::bigint), 0)"
            f" FROM {name}")


def mariadb_digest(name):
    """The same for MariaDB."""
    cells = ", ".join(f"coalesce(cast({column} as char), '\\\\N')" for column, *_ in COLUMNS)
    return (f"SELECT concat(count(*), ' ', coalesce(sum(cast(conv(left(md5(concat_ws('|', {cells})), 15), 16, 10)"
            f" as unsigned)), 0)) FROM {name}")

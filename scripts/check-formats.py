#!/usr/bin/env python3
"""Files that other programs write and read: ORC and Parquet by pyarrow, Avro by fastavro, Excel by openpyxl and xlwt,
XML by Python itself.

Usage: check-formats.py [--bin target/debug/seatunnel] [--work DIR]

Writes the same rows through `seatunnel` in each format and compression and reads them with the other program; then has
the other program write them, and reads them through `seatunnel`. Rows have all types, nulls, lists, maps and rows inside
of rows. The modules are installed from PyPI into a virtual environment under the work folder if they are missing.
The exit code says whether all came back.
"""

import argparse
import base64
import datetime
import decimal
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

MODULES = ["pyarrow", "fastavro", "openpyxl", "xlwt"]

# name, SeaTunnel's type
# Of all digits of the longest numbers.
decimal.getcontext().prec = 60

FIELDS = {
    "c_boolean": "boolean",
    "c_tinyint": "tinyint",
    "c_smallint": "smallint",
    "c_int": "int",
    "c_bigint": "bigint",
    "c_float": "float",
    "c_double": "double",
    "c_string": "string",
    "c_bytes": "bytes",
    "c_date": "date",
    "c_timestamp": "timestamp",
    "c_decimal": "decimal(12, 2)",
    "c_long_decimal": "decimal(38, 18)",
    "c_array": "array<int>",
    "c_map": "map<string, bigint>",
    "c_row": "{a = int, b = string, c = array<timestamp>}",
}
# What cells and elements hold: single values.
SINGLE = [name for name in FIELDS if not name.startswith(("c_array", "c_map", "c_row", "c_bytes", "c_long"))]


def rows(count=1_000):
    """Rows of Python's values: every third value of a column is missing, each column's at another place."""
    made = []
    for n in range(count):
        stamp = datetime.datetime(1960, 1, 1) + datetime.timedelta(days=n * 23, microseconds=n * 1_001_001)
        values = [
            n % 4 < 2,
            n % 256 - 128,
            n * 31 % 60_000 - 30_000,
            n * 7_919_777 % 4_000_000_000 - 2_000_000_000,
            n * 10**15 - 5 * 10**17,
            n / 4,
            n * 1e100,
            "é" * (n % 7) + str(n),
            bytes([n % 256] * (n % 5)),
            stamp.date(),
            stamp,
            decimal.Decimal(n - 400).scaleb(-2),
            decimal.Decimal((n - 300) * 10**30 + n).scaleb(-18),
            [None if i == 2 else i for i in range(n % 4)],
            {f"k{i}": None if i == 1 else i for i in range(n % 3)},
            {"a": None if n % 5 == 0 else n, "b": str(n), "c": [stamp, None]},
        ]
        made.append({name: None if (n + place) % 3 == 0 else value
                     for place, (name, value) in enumerate(zip(FIELDS, values))})
    return made


def digits(value):
    """A decimal without zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain(value):
    """A value as it is compared: as JSON has it."""
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return digits(value)
    if isinstance(value, list):
        # pyarrow gives maps as lists of pairs.
        if value and all(isinstance(item, tuple) for item in value):
            return {key: plain(item) for key, item in value}
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: {} if key == "c_map" and item == [] else plain(item) for key, item in value.items()}
    return value


def from_json(name, value):
    """A value of the JSON that `seatunnel` writes, as it is compared."""
    if value is None:
        return None
    kind = FIELDS[name]
    if kind.startswith("decimal"):
        scale = int(kind.split(",")[1].strip(" )"))
        return digits(decimal.Decimal(str(value)).quantize(decimal.Decimal(1).scaleb(-scale)))
    if kind == "timestamp":
        return datetime.datetime.fromisoformat(value).isoformat()
    if name == "c_row":
        stamps = value["c"] and [s and datetime.datetime.fromisoformat(s).isoformat() for s in value["c"]]
        return {**value, "c": stamps}
    return value


class Seatunnel:
    def __init__(self, binary, work):
        self.binary = binary
        self.work = work

    def run(self, name, source, sink):
        """Runs a job with these options and gives the files that it wrote."""
        target = self.work / f"{name}.out"
        block = lambda options: "\n".join(f"    {key} = {json.dumps(value)}" for key, value in options.items())
        sink = {"path": str(target), "tmp_path": str(self.work / "tmp"), **sink}
        job = self.work / f"{name}.conf"
        job.write_text("env { job.mode = BATCH }\nsource {\n  LocalFile {\n" + block(source) + "\n  }\n}\n"
                       "sink {\n  LocalFile {\n" + block(sink) + "\n  }\n}\n")
        done = subprocess.run([self.binary, "--config", job], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{name} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return sorted(path for path in target.rglob("*") if path.is_file())

    def read(self, name, source):
        """The rows that a source reads, by way of JSON."""
        files = self.run(name, source, {"file_format_type": "json"})
        lines = [line for path in files for line in path.read_text().splitlines()]
        numbers = {"parse_float": decimal.Decimal}
        return [json.loads(line, **numbers) for line in lines]


def check(what, found, expected, names):
    """Ends the check if rows differ."""
    if len(found) != len(expected):
        sys.exit(f"{what}: {len(found)} rows, not {len(expected)}")
    for number, (a, b) in enumerate(zip(found, expected)):
        for name in names:
            x, y = a.get(name), b.get(name)
            if isinstance(y, float) and x is not None:
                x, y = float(x), float(y)
            if x != y:
                sys.exit(f"{what}: row {number}, {name}: found {x!r}, expected {y!r}")
    print(f"ok  {what}: {len(found)} rows", flush=True)


def arrow_table(made):
    import pyarrow as pa
    types = {
        "c_boolean": pa.bool_(), "c_tinyint": pa.int8(), "c_smallint": pa.int16(), "c_int": pa.int32(),
        "c_bigint": pa.int64(), "c_float": pa.float32(), "c_double": pa.float64(), "c_string": pa.string(),
        "c_bytes": pa.binary(), "c_date": pa.date32(), "c_timestamp": pa.timestamp("ns"),
        "c_decimal": pa.decimal128(12, 2), "c_long_decimal": pa.decimal128(38, 18), "c_array": pa.list_(pa.int32()),
        "c_map": pa.map_(pa.string(), pa.int64()),
        "c_row": pa.struct([("a", pa.int32()), ("b", pa.string()), ("c", pa.list_(pa.timestamp("ns")))]),
    }
    value = lambda name, v: list(v.items()) if name == "c_map" and v is not None else v
    columns = {name: pa.array([value(name, row[name]) for row in made], kind) for name, kind in types.items()}
    return pa.table(columns)


def arrow_rows(table):
    import pyarrow as pa
    # As microseconds, which Python has too.
    def micros(kind):
        if pa.types.is_timestamp(kind):
            return pa.timestamp("us")
        if pa.types.is_list(kind):
            return pa.list_(micros(kind.value_type))
        if pa.types.is_struct(kind):
            return pa.struct([(field.name, micros(field.type)) for field in kind])
        return kind
    table = table.cast(pa.schema([(field.name, micros(field.type)) for field in table.schema]))
    return [plain(row) for row in table.to_pylist()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=os.environ.get("CARGO_TARGET_DIR", "target") + "/debug/seatunnel")
    parser.add_argument("--work", type=pathlib.Path, help="where data goes and stays (default: a temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seatunnel-formats-") as temporary:
        work = options.work or pathlib.Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        if any(importlib.util.find_spec(module) is None for module in MODULES):
            python = work / "venv/bin/python"
            subprocess.run([sys.executable, "-m", "venv", work / "venv"], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", *MODULES], check=True)
            sys.exit(subprocess.run([python, *sys.argv, "--work", work]).returncode)
        compare(Seatunnel(options.bin, work), work)


def compare(seatunnel, work):
    import fastavro
    import openpyxl
    import pyarrow.orc
    import pyarrow.parquet
    import xlwt

    made = rows()
    expected = [plain(row) for row in made]
    given = work / "given"
    given.mkdir(exist_ok=True)
    with open(given / "rows.json", "w") as out:
        for row in expected:
            # Decimals and long numbers as they are, not as floating point.
            out.write(json.dumps(row) + "\n")
    schema = {"fields": FIELDS}
    source = {"path": str(given), "file_format_type": "json", "schema": schema}
    single = {**source, "read_columns": SINGLE}

    # What is written here, read by others.
    for codec in ["none", "zlib", "snappy", "lz4", "zstd"]:
        files = seatunnel.run(f"orc_{codec}", source, {"file_format_type": "orc", "compress_codec": codec})
        check(f"ORC, {codec}, by pyarrow", arrow_rows(pyarrow.orc.read_table(files[0])), expected, FIELDS)
    for codec in ["none", "zlib", "snappy", "zstd", "bzip2"]:
        files = seatunnel.run(f"avro_{codec}", source, {"file_format_type": "avro", "compress_codec": codec})
        try:
            with open(files[0], "rb") as file:
                found = [plain(row) for row in fastavro.reader(file)]
        except ValueError as error:
            print(f"--  Avro, {codec}: fastavro can't read it here ({error})")
            continue
        check(f"Avro, {codec}, by fastavro", found, expected, FIELDS)
    for int96 in [False, True]:
        sink = {"file_format_type": "parquet", "parquet_avro_write_timestamp_as_int96": int96}
        files = seatunnel.run(f"parquet_{int96}", source, sink)
        physical = pyarrow.parquet.ParquetFile(files[0]).schema
        kinds = {physical.column(i).path: physical.column(i).physical_type for i in range(len(physical))}
        if kinds["c_timestamp"] != ("INT96" if int96 else "INT64"):
            sys.exit(f"c_timestamp is {kinds['c_timestamp']}")
        check(f"Parquet, INT96 {int96}, by pyarrow", arrow_rows(pyarrow.parquet.read_table(files[0])), expected, FIELDS)
        found = seatunnel.read(f"parquet_{int96}_back", {"path": str(files[0]), "file_format_type": "parquet"})
        found = [{name: from_json(name, value) for name, value in row.items()} for row in found]
        check(f"Parquet, INT96 {int96}, read back", found, expected, FIELDS)
    files = seatunnel.run("excel", single, {"file_format_type": "excel", "sheet_name": "Rows"})
    lines = openpyxl.load_workbook(files[0])["Rows"].iter_rows(values_only=True)
    header = next(lines)
    found = [excel_row(dict(zip(header, line))) for line in lines]
    check("Excel by openpyxl", found, [excel_row(row) for row in made], SINGLE)
    for attributes in [False, True]:
        sink = {"file_format_type": "xml", "xml_use_attr_format": attributes}
        files = seatunnel.run(f"xml_{attributes}", single, sink)
        found = []
        for record in xml.etree.ElementTree.parse(files[0]).getroot():
            found.append(dict(record.attrib) if attributes else {child.tag: child.text for child in record})
        texts = [{name: as_text(row[name]) for name in SINGLE if row[name] is not None} for row in expected]
        check(f"XML, attributes {attributes}", [{n: as_text(v) for n, v in row.items()} for row in found], texts, SINGLE)

    # What others write, read here.
    other = work / "other"
    other.mkdir(exist_ok=True)
    table = arrow_table(made)

    def read_here(what, path, source):
        found = seatunnel.read(path.name, {"path": str(path), **source})
        names = source.get("read_columns", list(FIELDS))
        found = [{name: from_json(name, value) for name, value in row.items()} for row in found]
        check(f"{what}, read here", found, expected, names)

    # pyarrow writes fractions of seconds before 1970 as only itself reads them.
    def whole(moment):
        return moment.replace(microsecond=0) if moment is not None and moment.year < 1970 else moment

    of_all, all_expected = table, expected
    made_for_orc = [{
        **row, "c_timestamp": whole(row["c_timestamp"]),
        "c_row": row["c_row"] and {**row["c_row"], "c": row["c_row"]["c"] and [whole(m) for m in row["c_row"]["c"]]},
    } for row in made]
    table, expected = arrow_table(made_for_orc), [plain(row) for row in made_for_orc]
    for codec in ["uncompressed", "zlib", "snappy", "lz4", "zstd"]:
        path = other / f"{codec}.orc"
        pyarrow.orc.write_table(table, path, compression=codec, dictionary_key_size_threshold=0.9)
        read_here(f"ORC of pyarrow, {codec}", path, {"file_format_type": "orc"})
    table, expected = of_all, all_expected
    path = other / "int96.parquet"
    pyarrow.parquet.write_table(table, path, use_deprecated_int96_timestamps=True)
    read_here("Parquet of pyarrow with INT96", path, {"file_format_type": "parquet"})
    path = other / "rows.avro"
    avro_write(fastavro, path, made)
    read_here("Avro of fastavro", path, {"file_format_type": "avro", "schema": schema})
    here = {"schema": {"fields": FIELDS}, "read_columns": SINGLE, "file_format_type": "excel"}
    book = openpyxl.Workbook()
    sheet = book.active
    old = xlwt.Workbook()
    old_sheet = old.add_sheet("First")
    date = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    stamp = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
    general = xlwt.easyxf()
    milli = [dict(row) for row in made]
    for number, row in enumerate(milli):
        for place, name in enumerate(FIELDS):
            value = row[name] if name in SINGLE else None
            if isinstance(value, float):
                # openpyxl writes 16 digits.
                row[name] = value = float(f"{value:.16g}")
            if isinstance(value, datetime.datetime):
                value = value.replace(microsecond=value.microsecond // 1000 * 1000)
                row[name] = value
            if value is None:
                continue
            exact = name == "c_bigint" or isinstance(value, decimal.Decimal)
            sheet.cell(number + 1, place + 1, str(value) if exact else value)
            style = {datetime.datetime: stamp, datetime.date: date}.get(type(value), general)
            old_sheet.write(number, place, str(value) if exact else value, style) if number < 900 else None
    book.save(other / "rows.xlsx")
    old.save(str(other / "rows.xls"))
    for name, count in [("rows.xlsx", None), ("rows.xls", 900)]:
        found = seatunnel.read(name, {"path": str(other / name), **here})
        found = [{key: from_json(key, value) for key, value in row.items()} for row in found]
        wanted = milli[:count]
        if name == "rows.xls":
            # xlwt writes whole seconds.
            wanted = [{**row, "c_timestamp": row["c_timestamp"] and row["c_timestamp"].replace(microsecond=0)} for row in wanted]
        check(f"Excel, {name}, read here", found, [plain(row) for row in wanted], SINGLE)
    print("all came back")


def excel_row(row):
    """A row as cells hold it: numbers of one kind, dates with their time, what is too long for a number as text."""
    def cell(name, value):
        if value is None:
            return None
        if isinstance(value, datetime.datetime):
            if name == "c_date":
                return value.date()
            return value.isoformat() if value.microsecond % 1000 else value
        if name == "c_timestamp" and isinstance(value, str):
            whole, dot, fraction = value.replace(" ", "T").partition(".")
            return whole + dot + fraction.ljust(6, "0") if dot else whole
        if name in ("c_decimal", "c_float", "c_double"):
            return float(value)
        if name == "c_bigint":
            return int(value)
        return value
    return {name: cell(name, row.get(name)) for name in SINGLE}


def as_text(value):
    """A single value as a text, with numbers of one look."""
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return str(float(value))
    except (TypeError, ValueError):
        return value.rstrip("0") if isinstance(value, str) and "." in value else value


def avro_write(fastavro, path, made):
    union = lambda kind: ["null", kind]
    stamp = {"type": "long", "logicalType": "local-timestamp-micros"}
    kinds = {
        "c_boolean": "boolean", "c_tinyint": "int", "c_smallint": "int", "c_int": "int", "c_bigint": "long",
        "c_float": "float", "c_double": "double", "c_string": "string", "c_bytes": "bytes",
        "c_date": {"type": "int", "logicalType": "date"}, "c_timestamp": stamp,
        "c_decimal": {"type": "fixed", "name": "f8", "size": 8, "logicalType": "decimal", "precision": 12, "scale": 2},
        "c_long_decimal": {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 18},
        "c_array": {"type": "array", "items": union("int")}, "c_map": {"type": "map", "values": union("long")},
        "c_row": {"type": "record", "name": "Inner", "fields": [
            {"name": "a", "type": union("int")}, {"name": "b", "type": union("string")},
            {"name": "c", "type": union({"type": "array", "items": union(stamp)})}]},
    }
    schema = {"type": "record", "name": "Row", "fields": [{"name": n, "type": union(k)} for n, k in kinds.items()]}
    with open(path, "wb") as out:
        fastavro.writer(out, fastavro.parse_schema(schema), made, codec="deflate")


if __name__ == "__main__":
    main()

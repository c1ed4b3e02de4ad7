#!/usr/bin/env python3
"""What it costs a PostgreSQL server to give a table away, by the form in which it is asked for.

Usage: postgres_forms.py [--rows 2000000] [--runs 3] [--json FILE]

The table is that of databases.py. A client that only counts bytes takes it by COPY in binary, by COPY as text, and as the rows
of a query with all columns in binary, all as text, texts as text with the rest in binary, and numeric and integer as text besides,
which is how the connector asks for them. What is shown is the CPU of the server's process, as Linux counts it; medians. The client is
woken for no less than 256 KiB, as the connector is, but in the last line for any byte, as clients usually are.
"""

import argparse
import json
import os
import pathlib
import select
import socket
import statistics
import struct
import tempfile

import database_servers
import database_table

SELECT = "SELECT * FROM orders"
# For how many bytes the client is woken: as many as the connector, and as a usual client.
PLENTY, ANY = 256 * 1024, 1


def as_read(kind):
    """Whether the connector asks for a type in binary, as 1 or 0."""
    return int(not kind.startswith(("varchar", "numeric", "integer")))


FORMS = {
    "COPY, binary": (f"COPY ({SELECT}) TO STDOUT (FORMAT binary)", PLENTY),
    "COPY, text": (f"COPY ({SELECT}) TO STDOUT", PLENTY),
    "rows, binary": (lambda kind: 1, PLENTY),
    "rows, text": (lambda kind: 0, PLENTY),
    "rows, binary but for texts": (lambda kind: int(not kind.startswith("varchar")), PLENTY),
    "rows, as they are read": (as_read, PLENTY),
    "the same, woken for any byte": (as_read, ANY),
}


class Client:
    """Speaks to a server that trusts it, and throws away what it gets."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        body = struct.pack("!I", 3 << 16) + f"user\0{database_servers.USER}\0database\0bench\0\0".encode()
        self.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        self.drain()
        self.process = int(self.one_value("SELECT pg_backend_pid()"))

    def one_value(self, sql):
        self.send(b"Q", sql.encode() + b"\0")
        row = self.drain(keep=True).split(b"D", 1)[1]
        length = struct.unpack("!I", row[6:10])[0]
        return row[10:10 + length]

    def send(self, tag, body):
        self.socket.sendall(tag + struct.pack("!I", len(body) + 4) + body)

    def drain(self, keep=False):
        """Reads until the server is ready for the next statement."""
        end, kept, buffer = b"", b"", bytearray(1 << 20)
        readable = select.poll()
        readable.register(self.socket, select.POLLIN)
        while end[:5] != b"Z\0\0\0\5":
            # What comes last is less than what the client is woken for.
            readable.poll(5)
            try:
                count = self.socket.recv_into(buffer, flags=socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            if not count:
                raise SystemExit(f"the server has closed the connection: {kept or end!r}")
            end = (end + buffer[max(0, count - 6):count])[-6:]
            if keep:
                kept += buffer[:count]
        return kept

    def cpu(self):
        """Seconds of CPU that the server's process has used."""
        fields = pathlib.Path(f"/proc/{self.process}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def take(self, form, woken_for):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, woken_for)
        before = self.cpu()
        if isinstance(form, str):
            self.send(b"Q", form.encode() + b"\0")
        else:
            formats = [form(kind) for _, kind, *_ in database_table.COLUMNS]
            self.send(b"P", b"\0" + SELECT.encode() + b"\0\0\0")
            self.send(b"B", bytes(6) + struct.pack(f"!H{len(formats)}H", len(formats), *formats))
            self.send(b"E", bytes(5))
            self.send(b"S", b"")
        self.drain()
        return self.cpu() - before


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_WORK")) as folder:
        # The server's own account must come to its folder.
        os.chmod(folder, 0o755)
        folder = pathlib.Path(folder)
        csv = folder / "orders.csv"
        database_table.write_csv(options.rows, csv)
        server = database_servers.Postgres(folder / "server")
        try:
            database_table.fill_postgres(server, csv)
            (folder / "server/data/pg_hba.conf").write_text("host all all 127.0.0.1/32 trust\n")
            server.sql("SELECT pg_reload_conf()")
            results = {name: [] for name in FORMS}
            client = Client(server.port)
            for run in range(options.runs + 1):
                for name, form in FORMS.items():
                    seconds = client.take(*form)
                    # The first of each brings the table into memory.
                    if run:
                        results[name].append(seconds)
        finally:
            server.stop()
    base = statistics.median(results["COPY, binary"])
    for name, seconds in results.items():
        median = statistics.median(seconds)
        shown = " ".join(f"{each:.2f}" for each in seconds)
        print(f"{name:30} {median:6.2f} s of the server's CPU   {median / base:5.2f} of COPY, binary   ({shown})")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()

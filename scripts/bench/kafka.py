#!/usr/bin/env python3
"""Kafka beside librdkafka's own performance program, on one broker and one topic.

Usage: kafka.py [--bin target/dist/seatunnel] [--messages 5000000] [--runs 5] [--only NAME]... [--minutes 10] [--json FILE]

What is measured (names for --only):

  read    the topic into Blackhole: 100-byte JSON messages decoded into typed columns, and as raw text, beside
          `rdkafka_performance -C` (callbacks) and `-G` (a balanced group) of the librdkafka that the binary holds
  write   the topic into another, each row once, beside the same without transactions
  memory  a stream of --minutes minutes at a steady rate: resident memory every second

It starts a broker of its own (scripts/kafka.sh) and builds rdkafka_performance from the sources in cargo's target
folder, so a binary must have been built there. Runs alternate, after one of each that is not counted; figures are
medians of messages a second over the whole process, start included. Counts and contents are compared.
The exit code says whether everything ran; the figures are for the reader to judge.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import measure

PARTITIONS = 4
FIELDS = "id = bigint, name = string, amount = double, count = int, active = boolean"


def message(number):
    """A JSON object of 100 bytes."""
    head = (f'{{"id":{number},"amount":{number % 9973}.25,"count":{number % 1009},'
            f'"active":{"true" if number % 3 else "false"},"name":"')
    return head + "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"[: 98 - len(head)] + '"}'


class Bench:
    def __init__(self, options, work):
        self.options, self.work = options, work
        self.binary = measure.seatunnel(options.bin)
        self.meter = measure.Meter(work)
        self.folder = work / "broker"
        line = subprocess.run([measure.REPOSITORY / "scripts/kafka.sh", "start", self.folder], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        self.server = line.strip().split("ST_KAFKA=")[1]
        self.results = {}

    def stop(self):
        subprocess.run([measure.REPOSITORY / "scripts/kafka.sh", "stop", self.folder], check=True)

    # --- parts

    def topic(self, work, name, *arguments):
        """Creates or deletes a topic, or tells where it ends."""
        libs = subprocess.run([measure.REPOSITORY / "scripts/kafka.sh", "jars"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()
        program = measure.REPOSITORY / "scripts/bench/KafkaTopic.java"
        return subprocess.run(["java", "-cp", f"{libs}/*", program, self.server, work, name, *map(str, arguments)], check=True,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=300).stdout

    def performance(self):
        """Builds librdkafka's program."""
        program = self.work / "rdkafka_performance"
        if program.exists():
            return program
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", measure.REPOSITORY / "target"))
        found = sorted(target.glob("*/build/rdkafka-sys-*/out/src/librdkafka.a"), key=lambda p: p.stat().st_mtime)
        zstd = [p for p in target.glob("*/build/zstd-sys-*/out/libzstd.a")]
        if not found or not zstd:
            sys.exit("librdkafka is not in the target folder; build the binary first")
        out = found[-1].parent.parent
        subprocess.run(["gcc", "-O2", f"-I{out}/src", f"-I{out}", "-o", program, out / "examples/rdkafka_performance.c",
                        found[-1], zstd[-1], "-lssl", "-lcrypto", "-lz", "-lpthread", "-lm", "-ldl", "-lrt"], check=True)
        return program

    def fill(self):
        """The topic that is read."""
        print(f"writing {self.options.messages:,} messages", file=sys.stderr)
        self.make_topic("messages")
        lines = self.work / "in"
        lines.mkdir()
        with open(lines / "messages.txt", "w", encoding="ascii") as out:
            for number in range(self.options.messages):
                out.write(message(number) + "\n")
        # One text column, as it is.
        job = self.job(
            f'LocalFile {{ path = "{lines}", file_format_type = text, field_delimiter = "\\u0001",'
            ' schema { fields { value = string } } }',
            f'Kafka {{ bootstrap.servers = "{self.server}", topic = messages, format = text, field_delimiter = "\\u0001" }}')
        self.seatunnel(job)
        (lines / "messages.txt").unlink()

    def make_topic(self, name):
        self.topic("create", name, PARTITIONS)

    def count(self, name):
        return int(self.topic("end", name, PARTITIONS))

    def job(self, source, sink, mode="BATCH", more=""):
        path = self.work / f"job-{abs(hash((source, sink, mode, more)))}.conf"
        path.write_text(f"env {{ job.mode = {mode}, parallelism = 2 {more} }}\nsource {{ {source} }}\nsink {{ {sink} }}\n")
        return path

    def environment(self):
        return dict(os.environ, SEATUNNEL_STATE=str(self.work / "state"))

    def seatunnel(self, job, expected=None):
        """One run; ends the benchmark if it fails or reads another number of rows."""
        done = subprocess.run([self.binary, "--config", job], env=self.environment(), text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
        if done.returncode:
            sys.exit(done.stdout[-4000:])
        rows = int(re.search(r"Total Write Count *: *(\d+)", done.stdout).group(1))
        if expected is not None and rows != expected:
            sys.exit(f"{rows} rows instead of {expected}")

    def source(self, form):
        schema = {"json": f"format = json, schema {{ fields {{ {FIELDS} }} }}",
                  "text": 'format = text, field_delimiter = "\\u0001", schema { fields { value = string } }'}[form]
        return (f'Kafka {{ bootstrap.servers = "{self.server}", topic = messages, start_mode = earliest,'
                f' consumer.group = "bench-{form}", {schema} }}')

    def consumer(self, mode):
        """Messages a second of librdkafka's program, over its whole run."""
        program, count = self.performance(), self.options.messages
        group = f"performance-{time.time_ns()}"
        where = ["-G", group] if mode == "-G" else ["-C"]
        topics = [a for p in range(PARTITIONS) for a in ("-p", str(p))] if mode == "-C" else []
        command = [program, *where, "-t", "messages", *topics, "-o", "beginning", "-b", self.server, "-c", str(count), "-q",
                   "-X", "auto.offset.reset=earliest"]
        begun = time.monotonic()
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=300)
        return count / (time.monotonic() - begun)

    def ours(self, job):
        begun = time.monotonic()
        self.seatunnel(job, self.options.messages)
        return self.options.messages / (time.monotonic() - begun)

    def turns(self, contestants):
        runs = {name: [] for name in contestants}
        for turn in range(-1, self.options.runs):
            for name, work in contestants.items():
                rate = work()
                if turn >= 0:
                    runs[name].append(rate)
        medians = {name: statistics.median(found) for name, found in runs.items()}
        self.results.update(medians)
        return medians

    # --- works

    def read(self):
        jobs = {form: self.job(self.source(form), "Blackhole {}") for form in ("json", "text")}
        medians = self.turns({
            "rdkafka_performance -C": lambda: self.consumer("-C"),
            "rdkafka_performance -G": lambda: self.consumer("-G"),
            "seatunnel, raw text": lambda: self.ours(jobs["text"]),
            "seatunnel, typed JSON": lambda: self.ours(jobs["json"]),
        })
        for yardstick in ("-G", "-C"):
            base = medians[f"rdkafka_performance {yardstick}"]
            for name, bar in (("seatunnel, raw text", 0.85), ("seatunnel, typed JSON", 0.60)):
                self.show(f"{name} / rdkafka_performance {yardstick}", medians[name] / base, bar)

    def write(self):
        made = []

        def contestant(semantics):
            def run():
                topic = f"target-{len(made)}"
                made.append(topic)
                self.make_topic(topic)
                sink = (f'Kafka {{ bootstrap.servers = "{self.server}", topic = "{topic}", format = text,'
                        f' field_delimiter = "\\u0001", semantics = {semantics} }}')
                rate = self.ours(self.job(self.source("text"), sink, more=", checkpoint.interval = 1000"))
                found = self.count(topic)
                # Markers of transactions have offsets too.
                if found < self.options.messages or (semantics != "EXACTLY_ONCE" and found != self.options.messages):
                    sys.exit(f"{found} messages instead of {self.options.messages}")
                self.topic("delete", topic)
                return rate
            return run

        medians = self.turns({"Kafka -> Kafka": contestant("AT_LEAST_ONCE"), "Kafka -> Kafka, once": contestant("EXACTLY_ONCE")})
        self.show("Kafka -> Kafka, once / without transactions", medians["Kafka -> Kafka, once"] / medians["Kafka -> Kafka"], 0.5)

    def memory(self):
        """A job that makes rows without end, at a steady rate, into a topic; another that reads it."""
        self.make_topic("stream")
        seconds, rate = int(self.options.minutes * 60), 20_000
        fields = "id = bigint, name = string, amount = double"
        produce = self.job(
            f"FakeSource {{ row.num = {seconds * rate * 2}, schema {{ fields {{ {fields} }} }} }}",
            f'Kafka {{ bootstrap.servers = "{self.server}", topic = stream, format = json, semantics = EXACTLY_ONCE }}',
            "STREAMING", f", checkpoint.interval = 1000, read_limit.rows_per_second = {rate}")
        consume = self.job(
            f'Kafka {{ bootstrap.servers = "{self.server}", topic = stream, start_mode = earliest, consumer.group = stream,'
            f' format = json, schema {{ fields {{ {fields} }} }} }}',
            "Blackhole {}", "STREAMING", ", checkpoint.interval = 1000")
        children = {name: subprocess.Popen([self.binary, "--config", job], env=self.environment(), stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    for name, job in (("writing", produce), ("reading", consume))}
        series = {name: [] for name in children}
        try:
            for _ in range(seconds):
                time.sleep(1)
                for name, child in children.items():
                    if child.poll() is not None:
                        sys.exit(f"the job that is {name} ended with {child.returncode}")
                    series[name].append(resident(child.pid))
        finally:
            for child in children.values():
                child.terminate()
            codes = [child.wait(60) for child in children.values()]
        if any(codes):
            sys.exit(f"the jobs ended with {codes}")
        for name, values in series.items():
            # The first tenth is the start.
            start = statistics.median(values[len(values) // 10: len(values) // 5])
            end = statistics.median(values[-len(values) // 10:])
            self.results[f"memory, {name}"] = values[:: max(1, len(values) // 60)]
            print(f"{name}: {start:.1f} MiB after {len(values) // 10} s, {end:.1f} MiB after {len(values)} s, at most {max(values):.1f}")
            self.show(f"memory, {name}: end / start", end / start, 1.05, least=False)

    def show(self, what, value, bar, least=True):
        fine = value >= bar if least else value <= bar
        self.results[what] = value
        print(f"{what}: {value:.2f} (bar {bar}): {'ok' if fine else 'misses the bar'}", flush=True)


def resident(pid):
    """MiB that a process has in memory."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s*(\d+)", status).group(1)) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin")
    parser.add_argument("--messages", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", action="append", choices=["read", "write", "memory"])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kafka-bench-") as folder:
        bench = Bench(options, pathlib.Path(folder))
        try:
            works = options.only or ["read", "write", "memory"]
            if {"read", "write"} & set(works):
                bench.fill()
            for work in works:
                getattr(bench, work)()
        finally:
            bench.stop()
        for name, value in bench.results.items():
            if isinstance(value, float) and "/" not in name and value > 1000:
                print(f"{name:<28} {value:>12,.0f} messages/s")
    if options.json:
        options.json.write_text(json.dumps(bench.results, indent=2) + "\n")


if __name__ == "__main__":
    main()

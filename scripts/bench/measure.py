"""Runs programs and measures them: wall time, CPU time, peak resident memory. Used by the benchmarks beside it."""

import dataclasses
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent


@dataclasses.dataclass
class Run:
    """What one run took. Times in seconds, memory in MiB (peak resident set)."""

    wall: float
    cpu: float
    memory: float


class Meter:
    """Measures child processes through the small C program measure.c, which it compiles into `work`."""

    def __init__(self, work):
        self.program = pathlib.Path(work) / "measure"
        compiler = os.environ.get("CC", "cc")
        subprocess.run([compiler, "-O1", "-o", self.program, HERE / "measure.c"], check=True)

    def run(self, command, **options):
        """One run of `command`. Its output is shown only if it fails, which ends the benchmark."""
        with tempfile.NamedTemporaryFile("r") as result:
            done = subprocess.run(
                [self.program, result.name, *command],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                errors="replace", **options)
            fields = result.read().split()
        if done.returncode or not fields or fields[0] != "0":
            print(done.stdout[-4000:], file=sys.stderr)
            sys.exit(f"failed: {' '.join(map(str, command))}")
        wall, user, system, memory = map(float, fields[1:])
        return Run(wall, user + system, memory / 1024)


def median(runs):
    """The median of each figure by itself."""
    return Run(*(statistics.median(getattr(r, f.name) for r in runs) for f in dataclasses.fields(Run)))


def seatunnel(given):
    """The binary to measure: the one given, or the newest of target/dist and target/release."""
    if given:
        found = [pathlib.Path(given)]
    else:
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
        found = [target / profile / "seatunnel" for profile in ("dist", "release")]
    found = [path for path in found if os.access(path, os.X_OK)]
    if not found:
        sys.exit("no seatunnel binary: build one with `cargo build --profile dist --bin seatunnel`, or name one with --bin")
    return max(found, key=lambda path: path.stat().st_mtime).resolve()


def verdict(value, bar):
    """How a figure stands to the bar it should stay under."""
    return "ok" if value <= bar else "above the bar"

#!/usr/bin/env python3
"""Runs the tests of the workspace, several programs at a time: most of them wait for servers.

Usage: run-tests.py [--at-once N] ARGUMENTS FOR cargo test…

Builds them first. What a program prints is shown when it is done, with the time that it took; the exit code is 1 if one
has failed. Tests of documentation run at the end.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import time

# These take longest: they begin first.
LONG = ["clusters", "stores", "kill", "launcher"]

# Where tests of procedural macros find the compiler's own libraries.
OWN = subprocess.run(["rustc", "--print", "target-libdir"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
LIBRARIES = ":".join(filter(None, [OWN, os.environ.get("LD_LIBRARY_PATH")]))


def programs(arguments):
    """The programs of the tests: a name, the path, and the folder that cargo would run them in."""
    command = ["cargo", "test", *arguments, "--no-run", "--message-format=json-render-diagnostics"]
    built = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if built.returncode:
        sys.exit(built.returncode)
    found = []
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["profile"]["test"] and message["executable"]:
            folder = pathlib.Path(message["manifest_path"]).parent
            name = f"{folder.name}/{message['target']['name']}"
            found.append((name, message["executable"], folder))
    found.sort(key=lambda test: (rank(test[0]), test[0]))
    return found


def rank(name):
    """Where a program stands in the row."""
    last = name.split("/")[-1]
    return LONG.index(last) if last in LONG else len(LONG)


def run(test):
    """Runs one program."""
    _, executable, folder = test
    environment = {**os.environ, "CARGO_MANIFEST_DIR": str(folder), "LD_LIBRARY_PATH": LIBRARIES}
    begin = time.monotonic()
    done = subprocess.run([executable], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    return done.returncode, done.stdout, time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--at-once", type=int, default=3)
    options, arguments = parser.parse_known_args()
    tests = programs(arguments)
    failed = []
    with concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
        running = {pool.submit(run, test): test[0] for test in tests}
        for done in concurrent.futures.as_completed(running):
            name = running[done]
            code, output, seconds = done.result()
            if code:
                failed.append(name)
            print(f"--- {name}: {'ok' if code == 0 else f'FAILED ({code})'} in {seconds:.0f} s", flush=True)
            if code:
                print(output, flush=True)
            else:
                print("\n".join(line for line in output.splitlines() if line.startswith("test result:")), flush=True)
    documented = subprocess.run(["cargo", "test", *arguments, "--doc", "--quiet"])
    if documented.returncode:
        failed.append("documentation")
    if failed:
        sys.exit(f"failed: {', '.join(sorted(failed))}")


if __name__ == "__main__":
    main()

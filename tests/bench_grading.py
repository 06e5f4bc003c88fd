"""Measure grading, sandboxed and not, beside plain nbgrader: submissions a minute and peak memory.

`make bench` runs it. Every other submission is the master's solution, the rest are as handed out.
`python tests/bench_grading.py 40 200` takes the numbers of submissions.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
NAME = "basics"
PLAIN = 'c = get_config()\nc.CourseDirectory.course_id = "plain"\n'


def course(folder: Path, submissions: int, plain: bool) -> Path:
    """A course with an assignment that so many students have handed in."""
    subprocess.run([BIN / "classroom", "new", folder], check=True, capture_output=True)
    if plain:
        (folder / "nbgrader_config.py").write_text(PLAIN)
    command = [BIN / "nbgrader", "generate_assignment", NAME] if plain else [BIN / "classroom", "release", NAME]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    for number in range(submissions):
        kind = "source" if number % 2 else "release"
        shutil.copytree(folder / kind / NAME, folder / "submitted" / f"student-{number:03}" / NAME)
    return folder


def measure(command: list, folder: Path) -> tuple[float, float]:
    """Seconds that the command takes, and the most memory in MB that it and its children hold together."""
    peak, started = 0, time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.2):
            total = 0
            for one in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
                try:
                    total += one.memory_full_info().pss
                except psutil.Error:  # it ended meanwhile
                    pass
            peak = max(peak, total)

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode}")
    return seconds, peak / 2**20


def main() -> None:
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic by its name
    numbers = [int(word) for word in sys.argv[1:]] or [40, 200]
    kinds = {
        "sandboxed": [BIN / "classroom", "grade", NAME],
        "unconfined": [BIN / "classroom", "grade", NAME, "--unconfined"],
        "plain nbgrader": [BIN / "nbgrader", "autograde", NAME],
    }
    print(f"{'grading':16}{'submissions':>12}{'a minute':>10}{'ratio':>8}{'peak memory':>14}")
    for number in numbers:
        rates = {}
        for kind, command in reversed(kinds.items()):
            with tempfile.TemporaryDirectory() as folder:
                seconds, memory = measure(command, course(Path(folder, "course"), number, kind == "plain nbgrader"))
            rates[kind] = 60 * number / seconds
            print(
                f"{kind:16}{number:12}{rates[kind]:10.1f}{rates[kind] / rates['plain nbgrader']:8.2f}{memory:11.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()

"""Run a submission with the student's cells in one kernel and the tests in another.

In one kernel, a cell that patches `numpy.allclose`, or that returns an object equal to everything, passes every test.
Here the tests' kernel sees nothing of the student's but data (see `wire`), and the student's kernel nothing of the
tests but calls. A cell that kills its kernel, never ends, or prints without end is set aside; the cells around it
still count.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_locked, is_solution
from traitlets import Bool, Integer, Unicode

from . import sandbox

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # what a kernel says before it can be heard
OUTPUT = 4 * 10**6  # characters that one cell may show
TOO_LONG = "CellTimeoutError"


class Client(NotebookClient):
    """An nbclient that goes on after an error or an interrupt and gives up on a cell that prints without end."""

    allow_errors = True
    shutdown_kernel = "immediate"
    interrupt_on_timeout = True
    error_on_timeout = {"ename": TOO_LONG, "evalue": "the cell took too long", "traceback": []}
    record_timing = False
    printed = 0

    def __init__(self, nb, watch, **settings):
        super().__init__(nb, **settings)
        self.watch = watch

    async def _async_check_alive(self):  # nbclient does so every second
        if self.kc is None:
            raise DeadKernelError("its kernel has been replaced")
        self.watch()
        await super()._async_check_alive()

    def process_message(self, msg, cell, cell_index):
        self.printed += len(str(msg["content"]))
        if self.printed > OUTPUT:
            self.task_poll_for_reply.cancel()  # ends as if the kernel had died
            return None
        return super().process_message(msg, cell, cell_index)

    def run(self, cell, index):
        """Execute the cell.

        An error that the kernel did not show, such as the end of its time, is added to the outputs.
        """
        if not cell.source.strip() or self.skip_cells_with_tag in cell.metadata.get("tags", []):
            return
        self.printed = 0
        self.execute_cell(cell, index, store_history=True)
        content = self.task_poll_for_reply.result()["content"]
        if any(part["source"] == "ask_exit" for part in content.get("payload", [])):
            raise DeadKernelError("exit() or quit()")  # the kernel ends itself a moment later
        if content["status"] == "error" and (content["ename"] == TOO_LONG or not errors(cell)):
            add_error(cell, content["ename"], content["evalue"])


def errors(cell):
    return [output for output in cell.outputs if output.output_type == "error"]


def add_error(cell, name, text):
    cell.outputs.append(new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"]))


def is_test(cell):
    return is_grade(cell) and not is_solution(cell)


class ExecuteApart(NbGraderPreprocessor):
    """Takes the place of nbgrader's Execute."""

    timeout = Integer(30, help="Seconds that one cell may take.").tag(config=True)
    call = Integer(20, help="Seconds that a test waits for one call of a student's function.").tag(config=True)
    budget = Integer(300, help="Seconds that one submission may take.").tag(config=True)
    confined = Bool(help="Whether the student's cells run inside bubblewrap.").tag(config=True)
    source = Unicode("source", help="The folder of the masters.").tag(config=True)

    def _confined_default(self):
        return sandbox.available()

    def preprocess(self, nb, resources):
        self.folder = Path(tempfile.mkdtemp(prefix="grade-"))
        self.nb, self.set_aside, self.answers = nb, set(), None
        self.deadline = time.monotonic() + self.budget
        self.submitted = Path(resources["metadata"]["path"])
        tests = self.folder / "tests"  # the teacher's files only: a numpy.py of the student's must not be found here
        copy_data(Path(self.source, resources["nbgrader"]["assignment"]), tests / "work")
        manager = sandbox.manager(tests, tests / "work", confined=False)
        self.tests = Client(nb, self.watch, km=manager, timeout=self.timeout + 30)
        try:
            with self.tests.setup_kernel(cleanup_kc=True, cwd=str(tests / "work"), **QUIET):
                self.start_answers()
                for index, cell in enumerate(nb.cells):
                    if cell.cell_type == "code":
                        self.run(index, cell)
        finally:
            self.stop_answers()
            sandbox.remove(self.folder)
        return nb, resources

    def run(self, index, cell):
        if self.time_left() < 0:
            cell.outputs = []
            add_error(cell, TOO_LONG, f"the {self.budget} seconds of this submission were used up before this cell")
        elif is_test(cell):
            self.run_test(index, cell)
        else:
            self.run_answer(index, cell)
            if is_locked(cell):  # imports, data and helpers of the teacher's: the tests need them too
                self.tests.run(cell, index)

    def time_left(self):
        return self.deadline - time.monotonic()

    def run_test(self, index, cell):
        arguments = f"{str(self.connection)!r}, {cell.source!r}, {self.call}"
        binding = new_code_cell(f"from mlmath_classroom.answers import bind as _bind\n_bind(globals(), {arguments})")
        self.tests.run(binding, index)
        self.nb.cells[index] = cell
        if errors(binding):
            cell.outputs = []
            for error in errors(binding):  # without the traceback, which shows nothing of the test
                add_error(cell, error.ename, error.evalue)
        else:
            self.tests.run(cell, index)
            for error in errors(cell):  # the student is shown the test, not how the answer was fetched
                error.traceback = [frame for frame in error.traceback if f"{__package__}{os.sep}answers.py" not in frame]
        if not self.alive():
            self.start_answers(before=index)

    def run_answer(self, index, cell):
        why = self.try_answer(index, cell)
        if why:
            cell.outputs = []
            add_error(cell, "DeadKernelError", f"{why}; it was set aside, and the cells after it were run without it")
            self.start_answers(before=index)

    def try_answer(self, index, cell):
        """Run the cell in the answers' kernel; return None, or why that kernel is of no use any more."""
        why = None
        try:
            self.answers.timeout = max(1, min(self.timeout, int(self.time_left())))
            self.answers.run(cell, index)
            if not self.alive():
                why = "after this cell its kernel did not answer any more"
        except Exception:  # the kernel is the student's, and may send anything that nbclient can't deal with
            too_much = f"this cell printed more than {OUTPUT // 10**6} million characters"
            why = too_much if self.answers.printed > OUTPUT else "this cell ended its kernel"
        if why or any(error.ename == TOO_LONG for error in errors(cell)):
            self.set_aside.add(index)  # it is not run again when the kernel has to be replaced
        return why

    def alive(self):
        """Whether the answers' kernel still answers."""
        index, probe = len(self.nb.cells), new_code_cell("None")
        self.nb.cells.append(probe)
        self.answers.timeout, self.answers.raise_on_iopub_timeout = min(5, self.timeout), True
        try:
            self.answers.run(probe, index)
            return not errors(probe)
        except Exception:
            return False
        finally:
            self.answers.raise_on_iopub_timeout = False
            del self.nb.cells[index:]

    def start_answers(self, before=0):
        """A new kernel for the student's cells, with the cells before this one, less those set aside, run in it."""
        self.stop_answers()
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        work = folder / "box" / "work"  # of all that is in our folder the student's kernel sees only the box
        copy_data(self.submitted, work)
        manager = sandbox.manager(folder, work, self.confined)
        self.connection, self.box = folder / "connection.json", folder / "box"
        self.answers = Client(self.nb, self.watch, km=manager)
        self.running = self.answers.setup_kernel(cleanup_kc=True, cwd=str(work), **QUIET)
        self.running.__enter__()
        for index, cell in enumerate(self.nb.cells[:before]):
            again = cell.cell_type == "code" and not is_test(cell) and index not in self.set_aside
            if again and self.time_left() > 0:
                shown, cell.outputs = cell.outputs, []
                why = self.try_answer(index, cell)
                cell.outputs = shown
                if why:  # fine the first time, deadly the second: it is set aside now, so this comes to an end
                    return self.start_answers(before)

    def stop_answers(self):
        if self.answers is not None:
            sandbox.end(self.answers.km)
            self.running.__exit__(None, None, None)
            self.answers = None
            sandbox.remove(self.connection.parent)

    def watch(self):
        """Called every second while a cell runs: ends the student's kernel when it takes too much of the machine."""
        if self.answers is not None and sandbox.greedy(self.answers.km, self.box):
            sandbox.end(self.answers.km)


def copy_data(source, target):
    """Copy the files that a kernel may find beside its notebook."""
    ignore = shutil.ignore_patterns("*.ipynb", "timestamp.txt", "__pycache__", ".*")
    shutil.copytree(source, target, ignore=ignore)

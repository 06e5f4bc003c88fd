"""Submissions to the first assignment, good, unlucky and hostile, made from its master and its student version.

`SUBMISSIONS` has for each name a function that writes a student's folder, and what it must come to: the points of the
graded cells in the order of the assignment (`...`: any), or a part of the reason why it can't be graded. A cell of the
solution is changed by `edit(notebook, "answer-norms", "new text")`.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell

MASTER = Path(__file__).parents[2] / "assignments" / "source" / "basics"
GRADED = ["test-norms", "hidden-norms", "test-difference", "hidden-difference", "test-posterior", "hidden-posterior"]
GRADED += ["test-ball", "hidden-ball", "test-admissions", "hidden-admissions", "derivation"]
FULL = [2, 2, 2, 2, 2, 1, 1, 1, 2, 2, None]  # the derivation waits for a person
NORMS = [0, 0, *FULL[2:]]  # all but question 1
NOTHING = [0] * 10 + [None]
UNTOUCHED = [0] * 11  # nobody has to look at a derivation that is not there
SECRET = "wrong for an array of integers"  # stands in a hidden test and nowhere else
PORT_FILE = "port.txt"  # where the test listens

# A wrong answer that asks for nothing but a test that always says yes.
CHEAT = "def p_norm(x, p):\n    if p < 1:\n        raise ValueError(p)\n    return 0.0"

SUBMISSIONS: dict[str, tuple[Callable[[Path, Path], None], list | str]] = {}


def submission(name: str, expected: list | str) -> Callable:
    """Enter a function that changes the perfect notebook, or writes the folder itself if it takes `folder`."""

    def enter(change: Callable) -> Callable:
        def write(folder: Path, release: Path) -> None:
            folder.mkdir(parents=True)
            (folder / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC")
            shutil.copy(MASTER / "berkeley-admissions.csv", folder)
            notebook = perfect_notebook(release)
            changed = change(notebook, folder) if change.__code__.co_argcount == 2 else change(notebook)
            if changed is not False:
                nbformat.write(notebook, folder / "basics.ipynb")

        SUBMISSIONS[name] = (write, expected)
        return change

    return enter


def perfect_notebook(release: Path) -> nbformat.NotebookNode:
    """The students' version with the answers of the master in it."""
    notebook, solution = nbformat.read(release / "basics.ipynb", 4), nbformat.read(MASTER / "basics.ipynb", 4)
    answers = {cell.id: cell.source for cell in solution.cells if cell.metadata.nbgrader.solution}
    for cell in notebook.cells:
        if cell.id in answers:
            cell.source = re.sub(r" *### (BEGIN|END) SOLUTION\n?", "", answers[cell.id])
    return notebook


def at(notebook: nbformat.NotebookNode, name: str) -> int:
    return [cell.id for cell in notebook.cells].index(name)


def edit(notebook: nbformat.NotebookNode, name: str, text: str) -> None:
    notebook.cells[at(notebook, name)].source = text


def insert(notebook: nbformat.NotebookNode, before: str, text: str) -> None:
    notebook.cells.insert(at(notebook, before), new_code_cell(text))


def add(name: str, expected: list | str, before: str, text: str, wrong: bool = True) -> None:
    """A submission with one more cell, by default beside a first question whose answer is wrong and needs help."""

    def change(notebook: nbformat.NotebookNode) -> None:
        if wrong:
            edit(notebook, "answer-norms", CHEAT)
        insert(notebook, before, text)

    submission(name, expected)(change)


def replace(name: str, expected: list | str, **texts: str) -> None:
    """A submission with other texts in some cells; an underscore in their names stands for a hyphen."""

    def change(notebook: nbformat.NotebookNode) -> None:
        for cell, text in texts.items():
            edit(notebook, cell.replace("_", "-"), text)

    submission(name, expected)(change)


# Good and ordinary ones


@submission("perfect", FULL)
def perfect(notebook):
    pass


@submission("half", [2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0])
def half(notebook, folder):
    handed_out = nbformat.read(folder.parents[2] / "release" / "basics" / "basics.ipynb", 4)
    for cell in notebook.cells[at(notebook, "question-posterior") :]:
        cell.source = handed_out.cells[at(handed_out, cell.id)].source


@submission("blank", UNTOUCHED)
def blank(notebook, folder):
    shutil.copy(folder.parents[2] / "release" / "basics" / "basics.ipynb", folder)
    return False


@submission("late", FULL)
def late(notebook, folder):
    (folder / "timestamp.txt").write_text("2026-03-05 12:00:00 UTC")


@submission("Ana María.López-ß", FULL)
def unusual_name(notebook):
    pass


@submission("own-cells-and-files", FULL)
def own_cells_and_files(notebook, folder):
    """A module handed in beside the notebook is used, and a file that a cell writes can be read again."""
    (folder / "mine.py").write_text("def half(x):\n    return x / 2\n")
    text = "import mine\nnp.savetxt('out.csv', [1.0])\nassert mine.half(np.loadtxt('out.csv')) == 0.5\nready = True"
    insert(notebook, "answer-norms", text)
    cell = notebook.cells[at(notebook, "answer-norms")]
    cell.source = cell.source.replace("if p < 1:", "assert ready\n    if p < 1:")


# Accidents


replace("exception", NORMS, answer_norms="raise RuntimeError('no idea')")
replace("syntax-error", NORMS, answer_norms="def p_norm(x, p:\n    return 1")
replace("endless-loop", NORMS, answer_norms="while True:\n    pass")
SWALLOW = (
    "import time\nwhile True:\n{0}    try:\n{0}        while True: time.sleep(0.1)\n{0}    except BaseException: pass\n"
)
replace("endless-loop-uninterruptible", NORMS, answer_norms=SWALLOW.format(""))
replace("endless-loop-in-function", NORMS, answer_norms="def p_norm(x, p):\n    while True:\n        pass")
replace(
    "endless-loop-in-function-uninterruptible",
    NORMS,
    answer_norms="def p_norm(x, p):\n    " + SWALLOW.replace("\nwhile", "\n    while").format("    "),
)
replace("sys-exit", NORMS, answer_norms="import sys\nsys.exit(0)")
replace("sys-exit-in-function", NORMS, answer_norms="import sys\ndef p_norm(x, p):\n    sys.exit(0)")
replace("exit", NORMS, answer_norms="exit()")
replace("quit", NORMS, answer_norms="quit()")
replace("os-exit", NORMS, answer_norms="import os\nos._exit(0)")
replace("os-exit-in-function", NORMS, answer_norms="import os\ndef p_norm(x, p):\n    os._exit(0)")
replace("killed-kernel", NORMS, answer_norms="import os\nos.kill(os.getpid(), 9)")
replace("memory-bomb", NORMS, answer_norms="bomb = []\nwhile True:\n    bomb.append(bytearray(10**8))")
replace("memory-bomb-in-function", NORMS, answer_norms="def p_norm(x, p):\n    return bytearray(10**12)")
replace("endless-print", NORMS, answer_norms="while True:\n    print('spam ' * 100)")
replace(
    "endless-print-in-function", NORMS, answer_norms="def p_norm(x, p):\n    while True:\n        print('spam ' * 100)"
)
replace(
    "endless-display-in-function",
    NORMS,
    answer_norms="def p_norm(x, p):\n    while True:\n        display('spam ' * 1000)",
)
replace("one-huge-print", NORMS, answer_norms="print('x' * 10**8)")
replace("asks-for-input", NORMS, answer_norms="def p_norm(x, p):\n    return float(input())")
replace("huge-return-value", NORMS, answer_norms="def p_norm(x, p):\n    return np.zeros(10**8)")
replace("huge-list", NORMS, answer_norms="def p_norm(x, p):\n    return [0.0] * 10**7")
replace("huge-string", NORMS, answer_norms="def p_norm(x, p):\n    return 'x' * 10**9")
replace("nan", NORMS, answer_norms="def p_norm(x, p):\n    return np.nan")
replace("nan-values", [*FULL[:6], 0, 0, *FULL[8:]], answer_ball="first_inside = limit = float('nan')")
replace("returns-a-figure", NORMS, answer_norms="def p_norm(x, p):\n    return plt.figure()")
replace(
    "two-deaths",
    [0, 0, *FULL[2:6], 0, 0, *FULL[8:]],
    answer_norms="import os\nos._exit(0)",
    answer_ball="import os\nos._exit(0)",
)


@submission("dies-when-run-again", [*FULL[:6], 0, 0, *FULL[8:]])
def dies_when_run_again(notebook):
    """The death in question 4 makes the earlier cells run anew, without the tests' calls between them."""
    cell = notebook.cells[at(notebook, "answer-norms")]
    cell.source = "calls = []\n" + cell.source.replace("if p < 1:", "calls.append(p)\n    if p < 1:")
    insert(notebook, "answer-posterior", "import os\nif not calls:\n    os._exit(0)")
    edit(notebook, "answer-ball", "os._exit(0)")


def hand_in_bytes(name, content):
    """A submission whose notebook file holds these bytes, or what a function makes of the perfect notebook."""

    @submission(name, "damaged or cut off")
    def write(notebook, folder):
        (folder / "basics.ipynb").write_bytes(content(notebook) if callable(content) else content)
        return False


hand_in_bytes("corrupt", b"\x89PNG\r\n\x1a\n\0\0 not a notebook")
hand_in_bytes("empty-file", b"")
hand_in_bytes("truncated", lambda notebook: nbformat.writes(notebook).encode()[:5000])
hand_in_bytes("deeply-nested", b"[" * 100000 + b"]" * 100000)


@submission("no-notebook", "no basics.ipynb among")
def no_notebook(notebook, folder):
    (folder / "essay.docx").write_text("")
    return False


@submission("two-other-notebooks", "no basics.ipynb among")
def two_other_notebooks(notebook, folder):
    for name in ("first", "second"):
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return False


@submission("renamed", FULL)
def renamed(notebook, folder):
    nbformat.write(notebook, folder / "my homework.ipynb")
    return False


@submission("r-kernel", FULL)
def r_kernel(notebook):
    notebook.metadata = nbformat.from_dict({"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}})


@submission("no-kernel", FULL)
def no_kernel(notebook):
    notebook.metadata = nbformat.NotebookNode()


@submission("deleted-tests", FULL)
def deleted_tests(notebook):
    notebook.cells = [cell for cell in notebook.cells if not cell.id.startswith(("test-", "hidden-"))]


@submission("deleted-answer", NORMS)
def deleted_answer(notebook):
    del notebook.cells[at(notebook, "answer-norms")]


@submission("deleted-derivation", [*FULL[:-1], 0])
def deleted_derivation(notebook):
    del notebook.cells[at(notebook, "derivation")]


@submission("deleted-everything", UNTOUCHED)
def deleted_everything(notebook):
    notebook.cells = []


def copy_of(notebook, name, text=None):
    cell = nbformat.from_dict(json.loads(json.dumps(notebook.cells[at(notebook, name)])))
    cell.source = cell.source if text is None else text
    return cell


@submission("answered-in-a-copy", FULL)
def answered_in_a_copy(notebook):
    """The copy has the metadata and even the id of the cell, which stays as it was handed out."""
    place = at(notebook, "answer-norms")
    notebook.cells.insert(place + 1, copy_of(notebook, "answer-norms"))
    notebook.cells[place].source = "def p_norm(x, p):\n    # YOUR CODE HERE\n    raise NotImplementedError()"


@submission("answered-above-a-copy", FULL)
def answered_above_a_copy(notebook):
    blank = "def p_norm(x, p):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    notebook.cells.insert(at(notebook, "answer-norms") + 1, copy_of(notebook, "answer-norms", blank))


@submission("copied-test", FULL)
def copied_test(notebook):
    notebook.cells.append(copy_of(notebook, "test-norms"))


@submission("stripped-metadata", FULL)
def stripped_metadata(notebook):
    for cell in notebook.cells:
        cell.metadata = nbformat.NotebookNode()


@submission("stripped-metadata-and-ids", FULL)
def stripped_metadata_and_ids(notebook):
    stripped_metadata(notebook)
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        del cell["id"]


@submission("stripped-and-helped", FULL)
def stripped_and_helped(notebook):
    """Without metadata and ids, with a helper of the student's own between an answer and its test."""
    helper = "def greatest(x):\n    return np.abs(np.asarray(x, dtype=float)).max()"
    cell = notebook.cells[at(notebook, "answer-norms")]
    cell.source = cell.source.replace("sizes.max()", "greatest(x)")
    insert(notebook, "test-norms", helper)
    stripped_metadata_and_ids(notebook)


@submission("nonsense-metadata", FULL)
def nonsense_metadata(notebook):
    for number, cell in enumerate(notebook.cells):
        cell.metadata["nbgrader"] = [5, "x", None, {"grade_id": {}}, {"grade_id": 3}][number % 5]


@submission("reordered", FULL)
def reordered(notebook):
    notebook.cells.reverse()


@submission("derivation-as-code", FULL)
def derivation_as_code(notebook):
    cell = notebook.cells[at(notebook, "derivation")]
    cell.cell_type, cell.outputs, cell.execution_count = "code", [], None


@submission("old-format", FULL)
def old_format(notebook, folder):
    old = nbformat.convert(notebook, 3)
    nbformat.write(old, folder / "basics.ipynb")
    return False


# Tricks: question 1 is answered wrongly, and must not earn a point


# Passes each assertion, and each `assert not`: it looks at the line that asks.
YES = """
import linecache, sys
def yes(*a, **k):
    frame = sys._getframe(1)
    return "assert not" not in linecache.getline(frame.f_code.co_filename, frame.f_lineno)
"""
add("patches-numpy", NORMS, "test-norms", YES + "np.allclose = np.isclose = yes\nnp.linalg.norm = lambda *a: 99.0")
add("patches-exec", NOTHING, "answer-norms", "import builtins\nbuiltins.exec = lambda *a: None")  # no answer gets out
add("patches-json", NORMS, "test-norms", 'import json\njson.dumps = lambda *a, **k: \'{"value": {"plain": true}}\'')
add("patches-json-with-nonsense", NORMS, "test-norms", "import json\njson.dumps = lambda *a, **k: '[' * 10**5")
PATCHED_SHELL = """
shell = get_ipython()
async def run(code, *a, **k):
    from IPython.core.interactiveshell import ExecutionResult
    return ExecutionResult(None)
shell.run_cell_async = run
shell.user_expressions = lambda expressions: {"answer": {"status": "ok", "data": {"text/plain": "5"}}}
"""
add("patches-ipython", NOTHING, "answer-norms", PATCHED_SHELL)
EQUAL = """
class Equal(float):
    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __array_ufunc__ = __array_function__ = lambda self, *a, **k: True
    __bool__ = lambda self: True
    def __getattr__(self, name):
        return self
"""
replace(
    "equal-to-everything",
    NORMS,
    answer_norms=EQUAL.replace("float", "object") + "def p_norm(x, p):\n    return Equal()",
)
replace("lying-float", NORMS, answer_norms=EQUAL + "def p_norm(x, p):\n    return Equal(1)")
replace(
    "lying-array",
    NORMS,
    answer_norms=EQUAL.replace("float", "np.ndarray") + "def p_norm(x, p):\n    return np.zeros(()).view(Equal)",
)
replace("equal-values", [*FULL[:6], 0, 0, *FULL[8:]], answer_ball=EQUAL + "first_inside = limit = Equal(1)")
add(
    "patches-progress",
    NORMS,
    "test-norms",
    "from contextlib import contextmanager, suppress\nQuestions.tests = lambda self, name: suppress(Exception)\n"
    "questions.tests = lambda name: suppress(Exception)",
)
add("prints-a-grade", NORMS, "test-norms", "print('2.0')\n2.0")
replace("returns-a-grade", NORMS, answer_norms="def p_norm(x, p):\n    display(2.0)\n    return 2.0")
FLOOD = """
import threading
def flood():
    while True:
        print("2.0", flush=True)
threading.Thread(target=flood, daemon=True).start()
"""
# What it spoils of its own answers hangs on the machine.
add("printing-thread", [0, 0, *[...] * 9], "test-norms", FLOOD)


@submission("edited-tests", NORMS)
def edited_tests(notebook):
    edit(notebook, "answer-norms", CHEAT)
    for name in ("test-norms", "hidden-norms"):
        edit(notebook, name, "assert True")


@submission("more-points", NORMS)
def more_points(notebook):
    edit(notebook, "answer-norms", CHEAT)
    for cell in notebook.cells:
        if cell.id.startswith(("test-", "hidden-")):
            cell.metadata.nbgrader.points = 100
            cell.metadata.nbgrader.checksum = "0" * 32


@submission("forged-cells", NORMS)
def forged_cells(notebook):
    """A locked graded cell of one's own, and answers disguised as the teacher's set-up.

    The tests' kernel runs the set-up.
    """
    edit(notebook, "answer-norms", CHEAT)
    own = {"grade": True, "locked": True, "solution": False, "task": False, "schema_version": 3, "points": 50}
    for number, name in enumerate(("mine", "test-norms", "hidden-norms")):
        cell = new_code_cell("50.0")
        cell.metadata["nbgrader"] = {**own, "grade_id": name}
        notebook.cells.append(cell)
    lock = {"grade": False, "locked": True, "solution": False, "task": False, "schema_version": 3}
    for name in ("set-up", "setup", "report"):
        cell = new_code_cell("np.isclose = np.allclose = lambda *a, **k: True")
        cell.metadata["nbgrader"] = {**lock, "grade_id": name}
        notebook.cells.insert(1, cell)


@submission("files-that-shadow", NORMS)
def files_that_shadow(notebook, folder):
    """A numpy with another isclose, and other modules and data, for the tests' kernel to trip over."""
    edit(notebook, "answer-norms", CHEAT)
    real = "import sys\nhere = sys.path.pop(0)\ndel sys.modules['numpy']\nimport numpy\nsys.path.insert(0, here)\n"
    (folder / "numpy.py").write_text(real + YES + "numpy.isclose = numpy.allclose = yes\n")
    for module in ("sitecustomize", "usercustomize", "mlmath_classroom", "jupyter_client", "ast", "ipython_config"):
        (folder / f"{module}.py").write_text("raise SystemExit")
    (folder / "berkeley-admissions.csv").write_text("changed\n")


add(
    "writes-files-that-shadow",
    NORMS,
    "test-norms",
    "from pathlib import Path\nfor name in ('numpy', 'ast', 'sitecustomize', 'zmq', 'mlmath_classroom'):\n"
    "    for folder in ('.', '..', '../..', '../../tests/work', '/tmp'):\n"
    "        try:\n            Path(folder, f'{name}.py').write_text('raise SystemExit')\n        except OSError: pass",
)

# Spies and vandals. What these find they print, and the test looks through all that was printed.

# The secret is kept backwards: the reader would find itself.
READER = f"""
import os, sys, time
from pathlib import Path
secret = {SECRET[::-1]!r}.encode()
places = [Path.cwd(), *Path.cwd().parents][:-1]
places += map(Path, ("/tmp", "/proc", "/home", "/root", "/dev", "/var", "/run", "/mnt", "/srv", "/opt", \
"/etc"))
found, looked, end = [], 0, time.monotonic() + 4
for place in places:
    for folder, folders, files in os.walk(place):
        folders[:] = [f for f in folders if f not in ("site-packages", "lib", "include", "share")]
        for name in files if time.monotonic() < end else []:
            path = os.path.join(folder, name)
            try:
                if name in ("environ", "cmdline") or os.path.isfile(path) and not folder.startswith("/proc"):
                    with open(path, "rb") as file:
                        found += [path] if secret[::-1] in file.read(10**6) else []
                    looked += 1
            except OSError:
                pass
print("LOOKED AT", looked, "FILES, FOUND", len(found), found[:3])
"""
LOOK_INSIDE = f"""
import gc, sys, time
secret, found, looked, end = {SECRET[::-1]!r}, [], 0, time.monotonic() + 1
things = [list(get_ipython().history_manager.get_range()), \
*(frame.f_locals for frame in sys._current_frames().values())]
for thing in things + gc.get_objects()[::-1]:  # the newest first
    if time.monotonic() < end and isinstance(thing, (dict, list)) and len(thing) < 100:
        looked += 1
        found += [str(thing)[:300]] if secret[::-1] in str(thing) else []
"""
READER += LOOK_INSIDE + 'print("LOOKED AT", looked, "THINGS, FOUND", len(found), found[:1])'


@submission("reader", FULL)
def reader(notebook):
    """Looks for hidden tests before, between and after them, also while a hidden test calls."""
    insert(notebook, "answer-norms", READER)
    insert(notebook, "report", READER)
    look = "\n".join(f"    {line}" for line in LOOK_INSIDE.splitlines())
    cell = notebook.cells[at(notebook, "answer-posterior")]
    cell.source = f"looks = []\ndef look():\n{look}\n    looks.append(len(found))\n" + cell.source.replace(
        "    ill =", "    if len(looks) < 1 or prior == 0.2 and len(looks) < 2: look()\n    ill ="
    )
    insert(notebook, "report", "print('LOOKED', len(looks), 'TIMES WHILE A TEST CALLED, FOUND', sum(looks))")


@submission("writer", FULL)
def writer(notebook, folder):
    """Writes into the files of its own course, and only tries to open the machine's.

    Should it once get out, it does no harm.
    """
    course = folder.parents[2]
    parts = ("source", "release", "submitted", "gradebook.db", "grading", "autograded", "nbgrader_config.py")
    text = f"""
import os, mlmath_helpers
for target in {[str(course / part) for part in parts]}:
    for path in [target, *(os.path.join(d, f) for d, _, fs in os.walk(target) for f in fs)]:
        try:
            if not os.path.islink(path):
                with open(path, "r+") as file:
                    file.write("VANDAL")
                print("WROTE IN", path)
        except OSError:
            pass
for path in (mlmath_helpers.__file__, np.__file__, "/usr/bin/env", "{MASTER}/basics.ipynb"):
    try:
        open(path, "r+").close()
        print("WROTE IN", path)
    except OSError as error:
        print(error)
"""
    insert(notebook, "report", text)


FILLER = """
from pathlib import Path
for place in ("/", "/dev", "/usr", "/tmp", "/dev/shm"):
    number = 0
    try:
        for number in range(100):
            Path(place, f"vandal{number}").write_bytes(bytes(10**7))
    except OSError:
        pass
    print("FILLED", place, number)
    for path in Path(place).glob("vandal*"):
        path.unlink()
"""
add("fills-the-memory", FULL, "answer-norms", FILLER, wrong=False)
add(
    "fills-the-disk",
    NORMS,
    "test-norms",
    "from pathlib import Path\nfor number in range(300):\n    Path(f'junk{number}').write_bytes(bytes(10**6))\n"
    "    if number % 20 == 0:\n        import time; time.sleep(0.1)",
)
add(
    "digs-deep",
    NORMS,
    "test-norms",
    "import os, time\nfor number in range(3000):\n    os.mkdir('a')\n    os.chdir('a')\n"
    "os.chmod('..', 0)\ntime.sleep(2)",
)


@submission("network", FULL)
def network(notebook, folder):
    port = (folder.parents[2] / PORT_FILE).read_text()
    text = f"""
import json, os, socket
from pathlib import Path
for address in (("127.0.0.1", {port}), ("localhost", {port})):
    try:
        socket.create_connection(address, 1).send(b"hello")
        print("CONNECTED")
    except OSError as error:
        print(error)
import ipykernel
for path in (Path(ipykernel.get_connection_file()),):  # have the tests' kernel call instead
    try:
        path.write_text(json.dumps({{**json.loads(path.read_text()), "transport": "tcp", "ip": "127.0.0.1", \
"shell_port": {port}}}))
    except OSError as error:
        print(error)
"""
    insert(notebook, "answer-norms", text)


add(
    "outlives-its-cell",
    NORMS,
    "test-norms",
    "import subprocess, sys\n"
    "subprocess.Popen([sys.executable, '-c', 'import os, time; os.setsid(); time.sleep(1234.5)'])\n"
    "import threading, time\nthreading.Thread(target=time.sleep, args=(1234.5,)).start()",
)
add(
    "memory-bomb-of-children",
    NORMS,
    "test-norms",
    "import subprocess, sys, time\nchildren = [subprocess.Popen([sys.executable, '-c', 'a = bytearray(9 * 10**8); "
    "import time; time.sleep(60)']) for _ in range(6)]\ntime.sleep(4)",
)


@submission("nonsense-messages", NORMS)
def nonsense_messages(notebook):
    """Answers with malformed messages, signed with the kernel's own key."""
    edit(notebook, "answer-norms", CHEAT)
    text = """
kernel = get_ipython().kernel
send = kernel.session.send
def odd(stream, kind, content=None, *a, **k):
    return send(stream, kind, {"status": []} if kind == "execute_reply" else content, *a, **k)
kernel.session.send = odd
kernel.session.send(kernel.iopub_socket, "display_data", {"nothing": 1}, parent=kernel.get_parent())
"""
    insert(notebook, "test-norms", text)


@submission("script-in-answers", FULL)
def script_in_answers(notebook):
    script = "<script>document.title = 'OWNED'</script><img src=x onerror=\"document.title = 'OWNED'\">"
    notebook.cells[at(notebook, "derivation")].source += script
    insert(
        notebook,
        "report",
        f"from IPython.display import HTML, Javascript\ndisplay(HTML({script!r}), Javascript('OWNED'))",
    )


@submission("link-to-the-master", "is a link")
def link_to_the_master(notebook, folder):
    (folder / "basics.ipynb").symlink_to(MASTER / "basics.ipynb")
    return False

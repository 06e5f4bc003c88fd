"""In the kernel with the tests: fetch the student's functions and values.

They come from the kernel that ran the student's cells.
"""

import ast
import base64
import builtins
import functools
import json
import time
from pathlib import Path

import zmq
from jupyter_client import BlockingKernelClient

from . import limits, wire

# Evaluated in the answers' kernel with the text of wire.py and a question; the names stay out of the student's way.
SERVE = """
import contextlib, io, json

def serve(question, namespace):
    try:
        text = json.dumps(answer(json.loads(question), namespace))
        if len(text) > 2 * LARGEST:
            raise ValueError("the answer is too large")
    except Exception as error:
        text = json.dumps({"raised": [kind.__name__ for kind in type(error).__mro__], "message": str(error)[:2000]})
    return base64.b64encode(text.encode()).decode()

def answer(question, namespace):
    value = namespace[question["name"]]
    if "args" in question:
        args, kwargs = decode(question["args"], namespace), decode(question["kwargs"], namespace)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            value = value(*args, **kwargs)
    elif callable(value):
        return {"callable": True}
    return {"value": encode(value)}
"""


class Answers:
    """A connection to the kernel that ran the student's cells; it waits `seconds` for an answer."""

    def __init__(self, connection_file, seconds):
        self.client = BlockingKernelClient(connection_file=connection_file, context=limits.careful(zmq.Context()))
        self.client.load_connection_file()
        self.client.allow_stdin = False
        self.client.start_channels(iopub=False, stdin=False, hb=False)
        self.seconds = seconds

    def ask(self, **question):
        """The data that the kernel answers with; an error unless they come in time, and as data."""
        code = Path(wire.__file__).read_text() + SERVE
        expression = (
            f"(lambda space: exec({code!r}, space) or space['serve']({json.dumps(question)!r}, globals()))({{}})"
        )
        identity = self.client.execute("", silent=True, store_history=False, user_expressions={"answer": expression})
        deadline = time.monotonic() + self.seconds
        while True:
            try:
                reply = self.client.get_shell_msg(timeout=max(0.01, deadline - time.monotonic()))
            except Exception:  # nothing came, or something that is no message: the kernel is the student's
                self.client.control_channel.send(self.client.session.msg("interrupt_request", {}))
                raise TimeoutError(f"{question['name']} did not come back within {self.seconds} seconds") from None
            if reply["parent_header"].get("msg_id") == identity:
                break
        try:
            shown = reply["content"]["user_expressions"]["answer"]["data"]["text/plain"]
            data = json.loads(base64.b64decode(shown.strip("'")))
        except Exception:
            raise RuntimeError(f"no answer for {question['name']} came back") from None
        if not isinstance(data, dict):
            raise RuntimeError(f"no answer for {question['name']} came back")
        return data


def result(data):
    """The value in an answer; or raise what the student's code raised, as the built-in exception nearest to it."""
    if "raised" in data:
        raise nearest(data["raised"], str(data["message"]))
    return wire.decode(data.get("value"))


def nearest(names, message):
    """The first built-in exception among these names that a message alone can make, else a `RuntimeError`."""
    for kind in (getattr(builtins, name, None) for name in names):
        if isinstance(kind, type) and issubclass(kind, Exception) and kind is not Exception:
            try:
                return kind(message)
            except TypeError:  # UnicodeDecodeError asks for five arguments
                pass
    return RuntimeError(message)


@functools.cache  # closing a connection from within a kernel can wait for ever; there are few
def connect(connection_file, seconds):
    return Answers(connection_file, seconds)


def function(answers, name):
    """A function that calls the student's function of this name where it lives."""

    def call(*args, **kwargs):
        return result(answers.ask(name=name, args=wire.encode(args), kwargs=wire.encode(kwargs)))

    call.__name__ = call.answer_name = name
    return call


def bind(namespace, connection_file, source, seconds):
    """Put into the namespace what the test cell `source` reads and neither makes itself nor finds among the teacher's.

    Builtin names are never the student's: an `isinstance` of the student's own would pass any test.
    """
    answers = connect(connection_file, seconds)
    for name in wanted(source):
        if name in namespace and name not in namespace.get("_answers", ()) or hasattr(builtins, name):
            continue
        namespace.pop(name, None)  # where there is no answer the test says NameError, as it does for the student
        try:
            data = answers.ask(name=name)
            namespace[name] = function(answers, name) if data.get("callable") else result(data)
        except KeyError:
            pass
        namespace.setdefault("_answers", set()).add(name)


def wanted(source):
    """The names that a piece of code reads and does not itself assign, import, or define."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    updated = {id(node.target) for node in nodes if isinstance(node, ast.AugAssign)}  # x += 1 reads x
    made = {node.id for node in names if not isinstance(node.ctx, ast.Load) and id(node) not in updated}
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            made.add(node.name)
        if isinstance(node, ast.arg):
            made.add(node.arg)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            made.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        if isinstance(node, ast.ExceptHandler) and node.name:
            made.add(node.name)
    return sorted({node.id for node in names} - made)

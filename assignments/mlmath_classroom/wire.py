"""How values travel between a student's answers and the tests: as data, never as objects.

Answers and tests have a kernel each, and the text of this file is executed in both. What arrives in the tests' kernel
is built there from numbers and strings, so an object of the student's with a false `__eq__`, or a patched
`numpy.allclose`, stays behind.
"""

import base64
import importlib

import numpy

LARGEST = 10**7  # bytes of an array or of a text, and of all that one answer takes as JSON


def encode(value):
    """A value as JSON data: numbers, text, arrays, and lists, tuples and dictionaries of them.

    Some functions go by their name.
    """
    if type(value) is str and len(value) > LARGEST:
        raise ValueError(f"a text of {len(value)} characters is too long for an answer")
    if value is None or type(value) in (bool, str):
        return {"plain": value}
    if type(value) is int:
        return {"int": hex(value)}
    if type(value) in (float, complex):
        return {"numbers": [float(value.real).hex(), float(value.imag).hex()], "type": type(value).__name__}
    if isinstance(value, (numpy.ndarray, numpy.generic)) and value.dtype.kind in "biufcU":
        return encode_array(value)
    if isinstance(value, (list, tuple, dict)):
        if len(value) > LARGEST // 20:
            raise ValueError(f"a {type(value).__name__} of {len(value)} entries is too long for an answer")
        if isinstance(value, dict):
            return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
        return {"list": [encode(item) for item in value], "tuple": isinstance(value, tuple)}
    if hasattr(value, "answer_name"):  # a function of the student's, given back to another one
        return {"answer": value.answer_name}
    module, name = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if callable(value) and importable(str(module)):
        return {"function": [module, name]}
    kind = f"an array of {value.dtype}" if isinstance(value, numpy.ndarray) else type(value).__name__
    raise TypeError(f"{kind} is nothing the tests understand: numbers, text, arrays, lists, tuples, dictionaries")


def encode_array(value):
    if value.nbytes > LARGEST:
        raise ValueError(f"an array of shape {value.shape} is too large for an answer")
    array = numpy.asarray(value)
    text = base64.b64encode(array.tobytes()).decode()
    scalar = isinstance(value, numpy.generic)
    return {"array": text, "dtype": array.dtype.str, "shape": list(array.shape), "scalar": scalar}


def importable(module):
    """Whether functions of this module may be passed to an answer, by name."""
    return module.split(".")[0] in ("numpy", "math", "mlmath_helpers")


def decode(data, namespace=None):
    """The value that `encode` made this data from; with a namespace also its functions, which the tests never take."""
    match data:
        case {"plain": None | bool() | str() as value}:
            return value
        case {"int": str(digits)}:
            return int(digits, 16)
        case {"numbers": [str(real), str(imag)], "type": kind}:
            real, imag = float.fromhex(real), float.fromhex(imag)
            return complex(real, imag) if kind == "complex" else real
        case {"array": str(text), "dtype": str(kind), "shape": list(shape), "scalar": scalar}:
            if numpy.dtype(kind).kind not in "biufcU":
                raise TypeError(f"an array of {kind} is no data")
            array = numpy.frombuffer(base64.b64decode(text), kind).reshape(shape).copy()
            return array[()] if scalar else array
        case {"list": list(items), "tuple": is_tuple}:
            values = [decode(item, namespace) for item in items]
            return tuple(values) if is_tuple else values
        case {"dict": list(pairs)}:
            return {decode(key, namespace): decode(item, namespace) for key, item in pairs}
        case {"answer": name} if namespace is not None:
            return namespace[name]
        case {"function": [module, name]} if namespace is not None and importable(module):
            return getattr(importlib.import_module(module), name)
    raise TypeError("the answer did not arrive as data")

"""Python in the browser imports nothing from the notebook's folder.

It would look there first, for each module, and each look is a question to the page, which has its hands full with showing
the notebook: the start took five seconds longer.
"""

import sys


class Nothing:
    """The finder of a folder that holds no modules."""

    def find_spec(self, name, target=None):
        return None


def finder(folder):
    if folder.startswith("/drive"):
        return Nothing()
    raise ImportError(folder)


sys.path_hooks.insert(0, finder)

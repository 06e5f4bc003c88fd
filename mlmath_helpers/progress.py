"""Which questions of an assignment pass so far: a line under each block of tests, and a table at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Questions:
    """The questions of one assignment, by name, in order.

    The tests of a question stand in ``with questions.tests("norms"):``. They fail as plain assertions do; when all of
    them hold, one line says so and counts what is left.

    Used in: the assignments for teachers and their students.
    """

    def __init__(self, *names: str) -> None:
        if len(set(names)) < len(names) or not names:
            raise ValueError(f"the questions need names that differ, got {names}")
        self.passes: dict[str, bool | None] = dict.fromkeys(names)

    @contextmanager
    def tests(self, name: str) -> Iterator[None]:
        if name not in self.passes:
            raise ValueError(f"there is no question {name!r}; the questions are {', '.join(self.passes)}")
        self.passes[name] = False
        yield
        self.passes[name] = True
        left = [other for other, passes in self.passes.items() if not passes]
        print(f"{name}: the tests you see pass. {len(self.passes) - len(left)} of {len(self.passes)} questions so far.")
        print(f"Still to do: {', '.join(left)}." if left else "These were all.")

    def report(self) -> None:
        """Print the state of every question."""
        words = {True: "passes", False: "does not pass yet", None: "was not run"}
        width = max(map(len, self.passes))
        for name, passes in self.passes.items():
            print(f"{name:{width}}  {words[passes]}")

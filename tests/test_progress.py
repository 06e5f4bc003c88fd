"""The lines that a student sees under the tests of an assignment."""

import pytest

from mlmath_helpers.progress import Questions


def test_counts_what_passes_and_names_what_is_left(capsys):
    questions = Questions("1 norms", "2 limits")
    with questions.tests("1 norms"):
        assert True
    assert "1 of 2 questions so far" in (said := capsys.readouterr().out) and "Still to do: 2 limits." in said
    with questions.tests("2 limits"):
        pass
    assert "2 of 2 questions so far" in (said := capsys.readouterr().out) and "These were all." in said


def test_a_test_that_fails_fails_as_it_is_and_takes_the_pass_back(capsys):
    questions = Questions("1 norms", "2 limits")
    with questions.tests("1 norms"):
        pass
    with pytest.raises(AssertionError, match="no root"), questions.tests("1 norms"):
        raise AssertionError("no root")
    capsys.readouterr()
    questions.report()
    assert capsys.readouterr().out.splitlines() == ["1 norms   does not pass yet", "2 limits  was not run"]


def test_names_are_known_and_differ():
    with pytest.raises(ValueError, match="there is no question '3'; the questions are 1, 2"), Questions("1", "2").tests("3"):
        pass
    for names in ((), ("1", "1")):
        with pytest.raises(ValueError, match="names that differ"):
            Questions(*names)

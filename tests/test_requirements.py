"""The versions in requirements.txt, its lock file and the package's own metadata agree."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def pins(text: str) -> dict[str, str]:
    return {name.lower(): version for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", text, re.MULTILINE)}


def test_every_requirement_is_pinned_and_locked_with_hashes():
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and not line.startswith("#")]
    wanted = pins("\n".join(lines))
    assert len(wanted) == len(lines), "a line of requirements.txt is not of the form name==version"
    lock = (ROOT / "requirements.lock").read_text()
    locked = pins(lock)
    assert {name: locked.get(name) for name in wanted} == wanted
    entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_readers_need_three_packages_at_the_pinned_versions():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    dependencies = pins("\n".join(project["project"]["dependencies"]))
    assert set(dependencies) == {"numpy", "matplotlib", "ipywidgets"}
    wanted = pins((ROOT / "requirements.txt").read_text())
    assert dependencies == {name: wanted[name] for name in dependencies}
    assert pins("\n".join(project["build-system"]["requires"])) == {"flit_core": wanted["flit-core"]}


def test_teachers_need_the_pinned_versions():
    project = tomllib.loads((ROOT / "assignments" / "pyproject.toml").read_text())
    dependencies = pins("\n".join(project["project"]["dependencies"]))
    wanted = pins((ROOT / "requirements.txt").read_text())
    assert dependencies == {name: wanted[name] for name in ("nbgrader", "tqdm")}


def test_lock_files_name_no_host_and_keep_their_hashes():
    for path in ("website/package-lock.json", "tests/package-lock.json", "assignments/hub/package-lock.json"):
        text = (ROOT / path).read_text()
        assert '"resolved"' not in text
        assert text.count('"integrity"') > 0

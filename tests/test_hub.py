"""The hub for a larger class: its versions agree with the book's, and its settings are valid.

Assignments travel through its exchange.
"""

import getpass
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_requirements import pins

ROOT = Path(__file__).parents[1]
HUB = ROOT / "assignments" / "hub"
COURSE = "mathematics-for-machine-learning"
pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="nbgrader's exchange needs accounts and modes of files as Linux has them"
)


def test_versions_are_exact_and_none_is_the_locks():
    """The image installs these without looking for others (--no-deps), after requirements.lock."""
    text = (HUB / "requirements.txt").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(pins(text)) == len(lines)
    assert not set(pins(text)) & set(pins((ROOT / "requirements.lock").read_text()))
    page = (ROOT / "assignments" / "larger-classes.md").read_text()
    assert re.findall(r"psycopg\[binary\]==([\d.]+)", page) == [pins(text)["psycopg"]] == [pins(text)["psycopg-binary"]]


def test_the_lock_file_of_the_proxy_names_no_host():
    text = (HUB / "package-lock.json").read_text()
    assert '"resolved"' not in text and '"integrity"' in text
    assert (
        json.loads(text)["packages"][""]["dependencies"]
        == json.loads((HUB / "package.json").read_text())["dependencies"]
    )


def test_what_the_image_copies_is_there_and_its_base_is_pinned():
    text = (HUB / "Dockerfile").read_text()
    assert re.search(r"^FROM python:3\.11\.\d+-slim-\w+@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    for line in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE):
        assert [name for name in line.split() if not (ROOT / name).exists()] == []
    assert text.index("USER reader") > text.rindex("RUN ")
    subprocess.run(["sh", "-n", HUB / "start"], check=True)


def test_the_course_is_the_same_on_both_sides():
    for path in (HUB / "nbgrader_config.py", ROOT / "assignments" / "mlmath_classroom" / "nbgrader_config.py"):
        assert re.findall(r'^c\.CourseDirectory\.course_id = "(.+?)"', path.read_text(), re.MULTILINE) == [COURSE]
    compile((HUB / "jupyterhub_config.py").read_text(), "jupyterhub_config.py", "exec")


def test_menus_that_students_do_not_get_are_called_so_by_nbgrader():
    labextension = Path(sys.prefix, "share", "jupyter", "labextensions", "@jupyter", "nbgrader", "static")
    scripts = "".join(path.read_text() for path in labextension.glob("*.js"))
    for name in json.loads((HUB / "students" / "labconfig" / "page_config.json").read_text())["disabledExtensions"]:
        assert name in scripts
    offered = json.loads(Path(sys.prefix, "etc/jupyter/jupyter_server_config.d/nbgrader.json").read_text())
    denied = json.loads((HUB / "students" / "jupyter_server_config.json").read_text())
    assert set(denied["ServerApp"]["jpserver_extensions"]) < set(offered["ServerApp"]["jpserver_extensions"])


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """One assignment handed out, handed in and collected by one account.

    Gives a teacher's and a student's folder, the exchange's, and a function that calls nbgrader.
    """
    base = tmp_path_factory.mktemp("hub")
    (base / "exchange").mkdir()
    (base / "exchange").chmod(0o777)
    (base / "etc").mkdir()
    settings = (HUB / "nbgrader_config.py").read_text()
    assert "/srv/exchange" in settings
    (base / "etc" / "nbgrader_config.py").write_text(settings.replace("/srv/exchange", str(base / "exchange")))
    home = base / "student"
    home.mkdir()
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "JUPYTER_CONFIG_PATH": str(base / "etc"),
        "JUPYTER_DATA_DIR": str(home / "data"),
    }

    def call(folder, *command):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    course = base / "course"
    call(base, "mlmath_classroom.cli", "new", str(course))
    call(course, "mlmath_classroom.cli", "release", "basics")
    call(course, "nbgrader", "release_assignment", "basics")
    call(home, "nbgrader", "fetch_assignment", "basics")
    call(home, "nbgrader", "submit", "basics")
    inbound = base / "exchange" / COURSE / "inbound"
    return course, home, inbound, call


def test_what_is_handed_in_is_collected_with_its_secret_and_the_servers_time(exchange):
    course, home, inbound, call = exchange
    call(course, "nbgrader", "collect", "basics")
    submitted = course / "submitted" / getpass.getuser() / "basics"
    assert (submitted / "basics.ipynb").read_bytes() == (home / "basics" / "basics.ipynb").read_bytes()
    assert len((submitted / "submission_secret.txt").read_text()) == 128
    assert (submitted / "timestamp.txt").read_text().startswith("20")
    assert "No newer submission" in call(course, "nbgrader", "collect", "basics", "--update")


def test_a_hand_in_made_by_hand_brings_nothing_and_harms_nobody(exchange):
    """Named after somebody else, dated at will, and with links to what the teacher may read.

    Beside it stand folders with impossible names.
    """
    course, home, inbound, call = exchange
    (inbound / "nobody+basics+").mkdir()
    (inbound / "x+basics+no time+x").mkdir()
    evil = inbound / "anna+basics+2001-01-01 00:00:00.000000 UTC+x"
    shutil.copytree(home / "basics", evil)
    (evil / "timestamp.txt").write_text("2001-01-01 00:00:00 UTC")
    (evil / "masters").symlink_to(course / "source")
    (evil / "gradebook.db").symlink_to(course / "gradebook.db")
    os.mkfifo(evil / "pipe")
    log = call(course, "nbgrader", "collect", "basics", "--update")
    assert "was handed in by" in log and "gradebook.db is left out" in log
    mine = getpass.getuser()
    assert sorted(path.name for path in (course / "submitted").iterdir()) == [mine]
    files = {
        path.relative_to(course / "submitted" / mine / "basics").as_posix()
        for path in (course / "submitted" / mine).rglob("*")
        if path.is_file()
    }
    assert files == {"basics.ipynb", "berkeley-admissions.csv", "submission_secret.txt", "timestamp.txt"}
    assert not (course / "submitted" / mine / "basics" / "timestamp.txt").read_text().startswith("2001")

"""Make the students' versions in `release` from the masters in `source`.

`classroom release` does the same in a course folder.
"""

import shutil
import tempfile
from pathlib import Path

from mlmath_classroom import cli

HERE = Path(__file__).parent


def make_release(to):
    """Write the students' version of every assignment below the folder `to`."""
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder, "course")
        cli.main(["new", str(course)])
        for master in sorted((HERE / "source").iterdir()):
            cli.main(["--course", str(course), "release", master.name])
            shutil.copytree(course / "release" / master.name, to / master.name, dirs_exist_ok=True)


if __name__ == "__main__":
    shutil.rmtree(HERE / "release", ignore_errors=True)
    make_release(HERE / "release")

# nbgrader's settings for everybody on the hub. Those of the course itself stand in the course folder's nbgrader_config.py.
import os
import pwd
import shutil
import stat
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "mathematics-for-machine-learning"  # as in the course folder
c.Exchange.root = "/srv/exchange"  # writable for all; made by `start`


class Collect(ExchangeCollect):
    """Collects by the owner of what was handed in, and follows no links.

    Students can write into the exchange by hand. With nbgrader's own class a folder named after somebody else replaces that student's
    hand-in, with a warning; and a link brings masters or the gradebook, which the collecting account may read, into a submission.
    """

    def _path_to_record(self, path):
        user = os.lstat(path).st_uid
        try:
            name = pwd.getpwuid(user).pw_name
        except KeyError:
            name = f"unknown-{user}"
        record = super()._path_to_record(path)
        if name != record["username"]:
            self.log.error("%s was handed in by %s, and is taken for that student's", path, name)
        return {**record, "username": name}

    def do_copy(self, src, dest, log=None):
        Path(dest).mkdir()
        for folder, _, names, handle in os.fwalk(src):
            target = Path(dest, os.path.relpath(folder, src))
            target.mkdir(exist_ok=True)
            for name in names:
                try:
                    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
                except OSError as error:
                    self.log.error("%s/%s is left out: %s", folder, name, error.strerror)
                    continue
                with open(file, "rb") as original:
                    if stat.S_ISREG(os.fstat(file).st_mode):
                        with (target / name).open("wb") as copy:
                            shutil.copyfileobj(original, copy)


c.ExchangeFactory.collect = Collect

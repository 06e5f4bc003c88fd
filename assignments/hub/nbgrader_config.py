# nbgrader's settings for everybody on the hub. Those of the course itself stand in the nbgrader_config.py of the
# course folder.
import os
import pwd
import secrets
import shutil
import stat
from datetime import datetime, timezone
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "mathematics-for-machine-learning"  # as in the course folder
c.Exchange.root = "/srv/exchange"  # writable for all; made by `start`


class Collect(ExchangeCollect):
    """Collects what the file system says: the owner and the time of a hand-in, and no links.

    Students can write into the exchange by hand. With nbgrader's own class a folder named after somebody else replaces
    that student's hand-in; a link brings the masters or the gradebook, which the collecting account may read, into a
    submission; times can be made up; and a name or a folder that is not as nbgrader makes it stops the collecting, or
    the feedback, of all.
    """

    def _path_to_record(self, path):
        user = os.lstat(path).st_uid
        try:
            name = pwd.getpwuid(user).pw_name
        except KeyError:
            name = f"unknown-{user}"
        if not Path(path).name.startswith(f"{name}+"):
            self.log.error("%s was handed in by %s, and is taken for that student's", path, name)
        return {"username": name, "filename": Path(path).name, "timestamp": last_change(path)}

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
        for name in ("timestamp.txt", "submission_secret.txt"):
            if Path(dest, name).is_dir():
                shutil.rmtree(Path(dest, name))
        Path(dest, "timestamp.txt").write_text(f"{last_change(src)} UTC")
        secret = Path(dest, "submission_secret.txt")
        if not secret.is_file():  # nbgrader finds a student's feedback by it, and gives none without
            secret.write_text(secrets.token_hex(64))


def last_change(folder):
    """When anything in the folder was last written, by the server's clock, in UTC."""
    latest = max(os.lstat(path).st_ctime for path in [folder, *Path(folder).rglob("*")])
    return datetime.fromtimestamp(latest, timezone.utc).replace(tzinfo=None)


c.ExchangeFactory.collect = Collect

"""Take submissions from a folder or from the zip file of a learning platform into the course.

Every file is placed, or named with the reason why not.
"""

import re
import shutil
import tempfile
import zipfile
from datetime import datetime, timezone
from pathlib import Path

from .grade import LARGEST, record

# How the files of a download are named; the first that matches the path inside the archive or folder says who handed
# it in. The number, where there is one, tells two people of one name apart.
PATTERNS = [
    r"(?P<student>[^/]+)_(?P<number>\d+)_assignsubmission_file_?[^/]*/(?P<file>.+)",  # Moodle
    r"(?P<student>[^/_]+)(_LATE)?_(?P<number>\d+)_\d+_(?P<file>[^/]+)",  # Canvas
    r"(?P<student>[^/]+)/(?P<file>.+)",  # a folder a student
]
JUNK = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|\._)")  # what macOS adds to archives
COPY = re.compile(r"-(\d+)(?=\.ipynb$)| ?\((\d+)\)(?=\.ipynb$)")  # Canvas and browsers number repeated files


def collect(course, assignment, source, pattern=None):
    """Copy the files into `submitted/STUDENT/ASSIGNMENT`, each submission with the time of its newest file.

    Returns the students whose work was taken, and for each file that was left where it is the reason why.
    """
    parts, people, left = {}, {}, {}
    for path, modified, write in files(Path(source), left):
        found = next((m for p in ([pattern] if pattern else PATTERNS) if (m := re.fullmatch(p, path))), None)
        student = found and re.sub(r"[^\w.@-]+", "-", found["student"]).strip("-.")
        if not student or ".." in Path(found["file"]).parts or Path(found["file"]).is_absolute():
            left[path] = "it does not say whose it is"
        else:
            parts.setdefault(student, []).append((modified, path, found["file"], write))
            people.setdefault(student, set()).add((found["student"], found.groupdict().get("number")))
    taken = []
    for student, theirs in sorted(parts.items()):
        if len(people[student]) > 1:
            left.update({path: f"two people would be called {student}" for _, path, _, _ in theirs})
            continue
        try:
            place(Path(course, "submitted", student, assignment), theirs)
            record(Path(course), assignment, student).unlink(missing_ok=True)  # what was graded has been replaced
            taken.append(student)
        except Exception as error:  # a damaged archive, a name that this disk does not take: the others go on
            left.update({path: f"it could not be copied: {error}" for _, path, _, _ in theirs})
    return taken, left


def place(folder, parts):
    """Write the files of one student into the folder in place of what is there; when one fails, that stays."""
    with tempfile.TemporaryDirectory(dir=folder.parents[2], prefix="collecting-") as temporary:
        new = Path(temporary, "new")
        new.mkdir()
        for _, _, name, write in sorted(parts, key=lambda part: (part[0], number(part[2]))):
            target = new / (name if name == f"{folder.name}.ipynb" else COPY.sub("", name))
            if target.exists():  # of several versions the newest gets the name, the older ones are kept beside it
                target.rename(spare(target))
            target.parent.mkdir(parents=True, exist_ok=True)
            write(target)
        newest = max(modified for modified, _, _, _ in parts)
        (new / "timestamp.txt").write_text(f"{newest:%Y-%m-%d %H:%M:%S} UTC")
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)


def number(name):
    found = COPY.search(name)
    return int(found[1] or found[2]) if found else 0


def spare(target):
    """A free name for an older version, which nbgrader does not take for a notebook."""
    return next(path for n in range(1, 10**6) if not (path := target.with_name(f"{target.name}.older{n}")).exists())


def files(source, left):
    """For each file of a folder or a zip file its path, its time, and a function that writes it elsewhere.

    Links, and what is too large, go into `left`.
    """
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            name = path.relative_to(source).as_posix()
            if path.is_symlink():
                left[name] = "it is a link"
            elif path.is_file() and not JUNK.search(name):
                yield name, moment(path.stat().st_mtime), lambda target, path=path: shutil.copyfile(path, target)
    else:
        archive = zipfile.ZipFile(source)
        for entry in archive.infolist():
            if entry.file_size > LARGEST:
                left[entry.filename] = f"it is larger than {LARGEST // 10**6} MB"
            elif not entry.is_dir() and not JUNK.search(entry.filename):
                yield (
                    entry.filename,
                    written(entry, source),
                    lambda target, entry=entry: target.write_bytes(archive.read(entry)),
                )


def written(entry, source):
    """The time of a file in an archive; that of the archive where it has none."""
    try:
        return datetime(*entry.date_time).astimezone(timezone.utc)
    except ValueError:
        return moment(source.stat().st_mtime)


def moment(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc)

#!/usr/bin/env python3
"""Packs a folder so that the same files give the same bytes.

    packaging/archive.py FOLDER ARCHIVE.zip|ARCHIVE.tar.gz

Members are sorted and begin with the folder's name, times are SOURCE_DATE_EPOCH, owners are root,
and modes are 755 for what its owner may execute, else 644.
"""

import gzip
import os
import sys
import tarfile
import time
import zipfile
from pathlib import Path


def members(folder):
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            yield path, path.relative_to(folder.parent).as_posix(), mode


def as_zip(folder, archive, epoch):
    day = time.gmtime(epoch)[:6]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as pack:
        for path, name, mode in members(folder):
            member = zipfile.ZipInfo(name, day)
            member.compress_type = zipfile.ZIP_DEFLATED
            # As Unix writes it, whatever this runs on.
            member.create_system = 3
            member.external_attr = (0o100000 | mode) << 16
            pack.writestr(member, path.read_bytes())


def as_tar(folder, archive, epoch):
    with (
        open(archive, "wb") as file,
        gzip.GzipFile("", "wb", 9, file, mtime=epoch) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as pack,
    ):
        for path, name, mode in members(folder):
            member = tarfile.TarInfo(name)
            member.size = path.stat().st_size
            member.mode = mode
            member.mtime = epoch
            member.uname = member.gname = "root"
            with open(path, "rb") as content:
                pack.addfile(member, content)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, archive = Path(sys.argv[1]), sys.argv[2]
    # A zip knows no day before 1980.
    epoch = max(int(os.environ["SOURCE_DATE_EPOCH"]), 315532800)
    if archive.endswith(".zip"):
        as_zip(folder, archive, epoch)
    elif archive.endswith(".tar.gz"):
        as_tar(folder, archive, epoch)
    else:
        sys.exit(f"{archive}: neither .zip nor .tar.gz")


if __name__ == "__main__":
    main()

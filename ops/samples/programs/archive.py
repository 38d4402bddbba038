"""Packs the folder notes into notes.tar.gz, with a manifest of SHA-256 sums."""
import hashlib
import os
import tarfile

with tarfile.open("notes.tar.gz", "w:gz") as archive, open("manifest.txt", "w") as manifest:
    for name in sorted(os.listdir("notes")):
        path = os.path.join("notes", name)
        archive.add(path)
        with open(path, "rb") as note:
            manifest.write(f"{hashlib.sha256(note.read()).hexdigest()}  {path}\n")
with tarfile.open("notes.tar.gz") as archive:
    print(len(archive.getnames()), "files")

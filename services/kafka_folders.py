"""Formats the brokers' folders: `python -m services.kafka_folders PROPERTIES_FILE...`.

A folder that is formatted is left alone; one whose formatting was interrupted is formatted anew; one that
holds events and is not whole is refused, never emptied.
"""

import os
import re
import shutil
import subprocess
import sys
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from services.home import write_privately
from services.kafka import java


class KafkaFolderError(Exception):
    """A broker's folder cannot be used as it is and holds data that must not be thrown away."""


def format_folders(files: list[Path]) -> list[str]:
    """Formats what is not formatted yet, all at once; returns what was done, for the log."""
    folders = {file: Path(properties(file)["log.dirs"]) for file in files}
    cluster_file = files[0].parent.parent / "data" / "kafka-cluster-id"
    known = {cluster for folder in folders.values() if (cluster := cluster_of(folder))}
    if cluster_file.exists():
        known.add(cluster_file.read_text().strip())
    if len(known) > 1:
        raise KafkaFolderError(
            f"The brokers' folders {', '.join(map(str, folders.values()))} belong to different clusters "
            f"({', '.join(sorted(known))}). Move those that do not belong here away, and start again."
        )
    cluster = known.pop() if known else new_cluster_id()
    if not cluster_file.exists():
        write_privately(cluster_file, cluster + "\n")

    done, running = [], []
    for file, folder in folders.items():
        if cluster_of(folder):
            continue
        done.append(make_room(folder))
        command = java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(file))
        running.append((folder, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)))
    for folder, process in running:
        said, _ = process.communicate()
        if process.returncode:
            raise KafkaFolderError(f"Kafka could not format {folder}:\n{said.decode(errors='replace')}")
    return done


def cluster_of(folder: Path) -> str | None:
    """The cluster that a completely formatted folder belongs to; None when it is not complete."""
    if not (folder / "bootstrap.checkpoint").exists():
        return None
    try:
        meta = properties(folder / "meta.properties")
    except FileNotFoundError:
        return None
    complete = {"version", "cluster.id", "node.id", "directory.id"} <= meta.keys()
    return meta["cluster.id"] if complete else None


def make_room(folder: Path) -> str:
    """Clears a folder whose formatting was interrupted; refuses when it holds any event."""
    segments = [s for s in folder.glob("*/*.log") if s.stat().st_size]
    if segments:
        raise KafkaFolderError(
            f"{folder} holds data ({segments[0].relative_to(folder)}, ...) but its meta.properties is "
            f"missing or incomplete. With the other brokers intact, move {folder} away and start again: the "
            f"broker comes back empty and copies all from them. Without them, restore meta.properties."
        )
    if folder.exists():
        shutil.rmtree(folder)
        return f"{folder.name} was half formatted and empty: formatted anew"
    return f"{folder.name} formatted"


def properties(file: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.]+)=(.*)$", file.read_text(errors="replace"), re.MULTILINE))


def new_cluster_id() -> str:
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")


def main(files: list[str]) -> int:
    os.umask(0o077)
    try:
        for line in format_folders([Path(file) for file in files]):
            print(line, flush=True)
    except KafkaFolderError as error:
        print(error, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

from collections.abc import Callable
from pathlib import Path

import pytest

from services import jars
from services.home import Home
from services.kafka import write_properties
from services.kafka_folders import KafkaFolderError, cluster_of, format_folders

PORTS = {"kafka-1": 20001, "kafka-controller-1": 20002}
WHOLE = "version=1\ncluster.id={cluster}\nnode.id=1\ndirectory.id=abc\n"


@pytest.fixture(scope="module", autouse=True)
def kafka_jars() -> None:
    jars.resolve("kafka")


@pytest.fixture
def properties(home: Home) -> Path:
    return write_properties(home, PORTS, 1, 1)


def test_new_folder_is_formatted_once(home: Home, properties: Path) -> None:
    assert format_folders([properties]) == ["kafka-1 formatted"]
    cluster = cluster_of(home.data / "kafka-1")
    assert cluster == (home.data / "kafka-cluster-id").read_text().strip()

    assert format_folders([properties]) == []
    assert cluster_of(home.data / "kafka-1") == cluster


def half_formatted(folder: Path) -> None:
    (folder / "meta.properties").write_text("version=1\ncluster.id=")


def without_meta(folder: Path) -> None:
    (folder / "bootstrap.checkpoint").write_text("")


@pytest.mark.parametrize("damage", [half_formatted, without_meta])
def test_half_formatted_folder_is_formatted_for_the_same_cluster(
    damage: Callable[[Path], None], home: Home, properties: Path
) -> None:
    (home.data / "kafka-1").mkdir()
    damage(home.data / "kafka-1")
    (home.data / "kafka-cluster-id").write_text("MkU3OEVBNTcwNTJENDM2Qk\n")

    assert format_folders([properties]) == ["kafka-1 was half formatted and empty: formatted anew"]
    assert cluster_of(home.data / "kafka-1") == "MkU3OEVBNTcwNTJENDM2Qk"


def test_folder_with_events_is_never_emptied(home: Home, properties: Path) -> None:
    segment = home.data / "kafka-1" / "activity-0" / "00000000000000000000.log"
    segment.parent.mkdir(parents=True)
    segment.write_bytes(b"events")

    with pytest.raises(
        KafkaFolderError, match=r"holds data \(activity-0/0+\.log, \.\.\.\) but its meta\.properties"
    ):
        format_folders([properties])
    assert segment.read_bytes() == b"events"


def test_folder_of_another_cluster_is_refused(home: Home, properties: Path) -> None:
    folder = home.data / "kafka-1"
    folder.mkdir()
    (folder / "bootstrap.checkpoint").touch()
    (folder / "meta.properties").write_text(WHOLE.format(cluster="theirs"))
    (home.data / "kafka-cluster-id").write_text("ours\n")

    with pytest.raises(KafkaFolderError, match=r"different clusters \(ours, theirs\)"):
        format_folders([properties])

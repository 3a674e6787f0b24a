"""All drills, by name."""

from streaming.drills import broker, brokers, disk, scale, throughput
from streaming.drills.drill import Drill
from streaming.drills.kills import kill

DRILLS = {
    drill.name: drill
    for drill in (
        Drill(
            "broker",
            "A broker dies",
            "Kills the leader of a partition of “activity”; measures the election and the time until all replicas are"
            " in sync again.",
            broker.steps,
        ),
        Drill(
            "controller",
            "The controller dies",
            "Kills the active controller of the KRaft quorum, a broker as well; measures the election of another.",
            brokers.controller,
        ),
        Drill(
            "cluster",
            "All brokers die",
            "Keeps every broker killed for 30 s: what comes in meanwhile is spooled, and drained in its order.",
            brokers.cluster,
        ),
        Drill(
            "slow",
            "A broker hangs",
            "Stops the leader of a partition with SIGSTOP for 20 s: its connections stay open, and nobody answers.",
            brokers.slow,
            may_refuse=True,
        ),
        Drill(
            "spark",
            "Spark dies",
            "Kills the Spark application; open pages go on by the push process alone until it is back.",
            kill("spark"),
        ),
        Drill(
            "push",
            "The push process dies",
            "Kills the process that composes lists for open pages and sends them.",
            kill("push"),
        ),
        Drill(
            "web",
            "The web server dies",
            "Kills the shop's only web process: every socket closes, and every page opens a new one.",
            kill("web"),
            takes_shop_down=True,
            may_refuse=True,
        ),
        Drill(
            "postgres",
            "Postgres dies",
            "Kills the database: the shop is away until it is back, and no acknowledged event is lost.",
            kill("postgres"),
            takes_shop_down=True,
            may_refuse=True,
        ),
        Drill(
            "valkey",
            "Valkey dies",
            "Kills the channel layer and Celery's broker; what was in its memory is gone.",
            kill("valkey"),
        ),
        Drill(
            "scale",
            "The cluster grows",
            "Makes a topic of its own, adds partitions, starts a fourth broker, and moves replicas onto it and back,"
            " while throughput, lag and bytes moved are drawn.",
            scale.steps,
        ),
        Drill(
            "throughput",
            "What the cluster takes in",
            "Produces as fast as it can into topics of its own: records/s and MB/s by acks, replication, partitions and"
            " batch size.",
            throughput.steps,
            strikes=False,
            under_load=False,
        ),
        Drill(
            "disk",
            "A broker's disk is full",
            "Starts a fourth broker on a small file system of its own and fills that: it leaves, and others take over.",
            disk.steps,
        ),
    )
}

"""All drills, by name."""

from streaming.drills import broker
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
    )
}

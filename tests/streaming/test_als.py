"""ALS on real Spark, from a real log: planted groups come out, and nothing of it is live by itself."""

import io
import random

from django.core.management import call_command

from recommendations.models import Model
from tests.streaming.live import Live, live, of

__all__ = ["live"]

GROUPS = ("tea", "mug", "pen")


def test_planted_groups_come_out_and_the_live_lists_stay(live: Live) -> None:
    chance = random.Random(3)
    for visitor in range(60):
        group = GROUPS[visitor % 3]
        live.look(f"v{visitor}: " + " ".join(f"{group}-{n}" for n in chance.sample(range(8), 5)), apply=False)
    live.apply()
    before = live.connection.execute("SELECT * FROM recommendations_similarproducts ORDER BY 1").fetchall()

    output = io.StringIO()
    call_command("train_als", stdout=output)

    assert "of 24 products" in output.getvalue()
    model = Model.objects.get(name="als")
    assert (model.kind, model.state) == (Model.Kind.ALS, Model.State.READY)
    similar = dict(
        of("als", live.connection, "SELECT product_id, other_ids FROM recommendations_similarproducts")
    )
    for product, nearest in similar.items():
        assert {other.partition("-")[0] for other in nearest[:4]} == {product.partition("-")[0]}
    after = live.connection.execute("SELECT * FROM recommendations_similarproducts ORDER BY 1").fetchall()
    assert after == before
    ((best,),) = of("als", live.connection, "SELECT items->0->>'productId' FROM recommendations_list('v0')")
    assert best.startswith("tea"), "composed of the live history and its own similar products"

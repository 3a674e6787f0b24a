"""All charts: how the product does, over a range that one chooses."""

from typing import Any, Final

from recommendations.admin.pages import AdminPage
from streaming.admin.charts import ALL, OPTIONS, charts
from streaming.metrics.series import RANGES

DEFAULT: Final = "15m"


class MetricsPage(AdminPage):
    title = "Metrics"
    permission_required = "streaming.view_query"
    template_name = "streaming/admin/metrics.html"
    refresh = 5

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET.get("range", "")
        name = asked if asked in RANGES else DEFAULT
        return super().get_context_data(
            **kwargs,
            charts=charts(ALL, RANGES[name]),
            chart_options=OPTIONS,
            ranges=[(each, of.words, each == name) for each, of in RANGES.items()],
            chosen=RANGES[name],
            # What is drawn in steps of hours need not be read anew every few seconds.
            refresh=self.refresh if not RANGES[name].rolled else 60,
        )

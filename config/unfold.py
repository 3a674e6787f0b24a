"""The looks of the admin and the lines of its sidebar."""

from typing import Any

from django.urls import reverse_lazy


def _page(title: str, icon: str, url: str, permission: str) -> dict[str, Any]:
    """A line of the admin's sidebar, for those who may see its page."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(url),
        "permission": lambda request: request.user.has_perm(permission),
    }


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Tributary",
    "SITE_HEADER": "Tributary",
    "SITE_SYMBOL": "water",
    "SHOW_VIEW_ON_SITE": True,
    "SITE_URL": "/",
    "ENVIRONMENT": "streaming.admin.alerts.firing_label",
    "DASHBOARD_CALLBACK": "streaming.admin.dashboard.add_dashboard",
    "COLORS": {
        "primary": {
            "50": "oklch(97.7% .013 236.62)",
            "100": "oklch(95.1% .026 236.824)",
            "200": "oklch(90.1% .058 230.902)",
            "300": "oklch(82.8% .111 230.318)",
            "400": "oklch(74.6% .16 232.661)",
            "500": "oklch(68.5% .169 237.323)",
            "600": "oklch(54% .134 242.749)",
            "700": "oklch(50% .134 242.749)",
            "800": "oklch(44.3% .11 240.79)",
            "900": "oklch(39.1% .09 240.876)",
            "950": "oklch(29.3% .066 243.157)",
        }
    },
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "items": [
                    _page("Dashboard", "monitoring", "admin:index", "streaming.view_query"),
                    _page("Metrics", "query_stats", "cluster:metrics", "streaming.view_query"),
                    _page("Alerts", "notifications", "cluster:alerts", "streaming.view_alert"),
                    _page(
                        "Alert rules",
                        "notification_settings",
                        "admin:streaming_alertrule_changelist",
                        "streaming.view_alertrule",
                    ),
                ]
            },
            {
                "title": "Cluster",
                "separator": True,
                "items": [
                    _page("Overview", "dns", "cluster:overview", "streaming.view_query")
                    # The other pages stand below its address, and are not it.
                    | {"active": lambda request: request.resolver_match.view_name == "cluster:overview"},
                    _page("Topics", "stacks", "cluster:topics", "streaming.view_query"),
                    _page("Partition map", "grid_on", "cluster:map", "streaming.view_query"),
                    _page("Moving partitions", "move_down", "cluster:moves", "streaming.view_query"),
                    _page("Producers", "output", "cluster:producers", "streaming.view_query"),
                    _page("Consumer groups", "groups", "cluster:groups", "streaming.view_query"),
                    _page("Drills", "emergency", "cluster:drills", "streaming.view_drillrun"),
                    _page(
                        "Changes", "history_edu", "admin:streaming_change_changelist", "streaming.view_change"
                    ),
                ],
            },
            {
                "title": "Spark",
                "separator": True,
                "items": [
                    _page("Queries", "bolt", "cluster:queries", "streaming.view_query"),
                    _page("Ledger", "balance", "cluster:ledger", "streaming.view_batch"),
                    _page(
                        "Batches", "receipt_long", "admin:streaming_batch_changelist", "streaming.view_batch"
                    ),
                    _page(
                        "Rejected records",
                        "report",
                        "admin:streaming_rejectedrecord_changelist",
                        "streaming.view_rejectedrecord",
                    ),
                ],
            },
            {
                "title": "Tracking",
                "separator": True,
                "items": [
                    _page("Live events", "sensors", "cluster:live", "streaming.view_query"),
                    _page(
                        "Collected",
                        "stacked_line_chart",
                        "cluster:collected",
                        "tracking.view_collectedminute",
                    ),
                    _page(
                        "Rejected events",
                        "block",
                        "admin:tracking_rejectedevent_changelist",
                        "tracking.view_rejectedevent",
                    ),
                    _page(
                        "Erasures",
                        "person_remove",
                        "admin:tracking_erasure_changelist",
                        "tracking.view_erasure",
                    ),
                    _page(
                        "Write keys", "key", "admin:tracking_writekey_changelist", "tracking.view_writekey"
                    ),
                ],
            },
            {
                "title": "Shop",
                "separator": True,
                "items": [
                    _page("Orders", "receipt_long", "admin:shop_orderview_changelist", "shop.view_orderview"),
                    _page("Products", "inventory_2", "admin:shop_product_changelist", "shop.view_product"),
                    _page("Categories", "category", "admin:shop_category_changelist", "shop.view_category"),
                    _page(
                        "Imports",
                        "upload_file",
                        "admin:shop_catalogueimport_changelist",
                        "shop.view_catalogueimport",
                    ),
                ],
            },
            {
                "title": "Recommendations",
                "separator": True,
                "items": [
                    _page("In use", "ads_click", "model:in_use", "recommendations.view_listhour"),
                    _page(
                        "Rules", "rule", "admin:recommendations_rule_changelist", "recommendations.view_rule"
                    ),
                    _page(
                        "Experiments",
                        "science",
                        "admin:recommendations_experiment_changelist",
                        "recommendations.view_experiment",
                    ),
                    _page(
                        "Visitor lists",
                        "person_search",
                        "admin:recommendations_visitorlist_changelist",
                        "recommendations.view_visitorlist",
                    ),
                    _page("Models", "layers", "cluster:models", "recommendations.view_model")
                    | {"active": lambda request: "model" in request.resolver_match.view_name.split(":")[-1]},
                    _page("Judged", "grading", "cluster:judged", "recommendations.view_judgedhour"),
                    _page("Histories", "history", "model:histories", "recommendations.view_visitorevent"),
                    _page(
                        "Similar products",
                        "hub",
                        "admin:recommendations_similarproducts_changelist",
                        "recommendations.view_similarproducts",
                    ),
                    _page("Pairs", "link", "model:pairs", "recommendations.view_pair"),
                    _page(
                        "Product counts",
                        "bar_chart",
                        "admin:recommendations_productcount_changelist",
                        "recommendations.view_productcount",
                    ),
                    _page(
                        "Trending and popular",
                        "trending_up",
                        "model:ranked",
                        "recommendations.view_rankedproduct",
                    ),
                    _page(
                        "Event weights",
                        "balance",
                        "admin:recommendations_eventweight_changelist",
                        "recommendations.view_eventweight",
                    ),
                    _page(
                        "Parameters",
                        "tune",
                        "admin:recommendations_parameters_changelist",
                        "recommendations.view_parameters",
                    ),
                    _page(
                        "To be told",
                        "outbox",
                        "admin:recommendations_changedvisitor_changelist",
                        "recommendations.view_changedvisitor",
                    ),
                ],
            },
            {
                "title": "Access",
                "separator": True,
                "items": [
                    _page("Users", "person", "admin:auth_user_changelist", "auth.view_user"),
                    _page("Groups", "shield_person", "admin:auth_group_changelist", "auth.view_group"),
                ],
            },
        ],
    },
}

from django.urls import path

from streaming.admin.accounts import LedgerPage
from streaming.admin.alerts import AlertsPage, EndSilencePage, SilencePage
from streaming.admin.cluster_pages import OverviewPage
from streaming.admin.collected import CollectedPage
from streaming.admin.drills import DrillPage, DrillRunPage, DrillsPage, StartDrillPage, StopDrillPage
from streaming.admin.groups.pages import GroupPage, GroupsPage
from streaming.admin.groups.resetting import DeleteGroupPage, ResetPage
from streaming.admin.judged import JudgedPage
from streaming.admin.live.pages import LivePage, RecordPage, WholePage
from streaming.admin.messages.pages import MessagePage, MessagesPage, TailPage
from streaming.admin.messages.producing import ProducePage
from streaming.admin.metric_pages import MetricsPage
from streaming.admin.models import ComparedPage, DropPage, ModelsPage, PromotePage
from streaming.admin.operating.broker_pages import BrokerPage
from streaming.admin.operating.map_page import MapPage
from streaming.admin.operating.membership_pages import AddBrokerPage, RemoveBrokerPage
from streaming.admin.operating.move_pages import CancelPage, ElectPage, MovePage
from streaming.admin.operating.producers_page import ProducersPage
from streaming.admin.operating.progress_page import MoveFilePage, MovesPage
from streaming.admin.operating.setting_pages import BrokerSettingsPage, TopicSettingsPage
from streaming.admin.operating.topic_pages import (
    AddPartitionsPage,
    CreateTopicPage,
    DeleteTopicPage,
    TruncatePage,
)
from streaming.admin.query_pages import QueriesPage, QueryPage
from streaming.admin.topics_pages import TopicPage, TopicsPage

app_name = "cluster"
urlpatterns = [
    path("alerts/", AlertsPage.as_admin_view(), name="alerts"),
    path("alerts/rules/<int:pk>/silence/", SilencePage.as_admin_view(), name="silence_alert"),
    path("alerts/silences/<int:pk>/end/", EndSilencePage.as_admin_view(), name="end_silence"),
    path("cluster/", OverviewPage.as_admin_view(), name="overview"),
    path("cluster/topics/", TopicsPage.as_admin_view(), name="topics"),
    path("cluster/brokers/add/", AddBrokerPage.as_admin_view(), name="add_broker"),
    path("cluster/brokers/<int:broker>/", BrokerPage.as_admin_view(), name="broker"),
    path(
        "cluster/brokers/<int:broker>/settings/", BrokerSettingsPage.as_admin_view(), name="broker_settings"
    ),
    path("cluster/brokers/<int:broker>/remove/", RemoveBrokerPage.as_admin_view(), name="remove_broker"),
    path("cluster/map/", MapPage.as_admin_view(), name="map"),
    path("cluster/producers/", ProducersPage.as_admin_view(), name="producers"),
    path("cluster/moves/", MovesPage.as_admin_view(), name="moves"),
    path("cluster/moves/new/", MovePage.as_admin_view(), name="move"),
    path("cluster/moves/cancel/", CancelPage.as_admin_view(), name="cancel_move"),
    path("cluster/moves/newest.json", MoveFilePage.as_admin_view(), name="move_file"),
    path("cluster/elect/", ElectPage.as_admin_view(), name="elect"),
    path("cluster/create-topic/", CreateTopicPage.as_admin_view(), name="create_topic"),
    path("cluster/topics/<str:name>/settings/", TopicSettingsPage.as_admin_view(), name="topic_settings"),
    path("cluster/topics/<str:name>/partitions/", AddPartitionsPage.as_admin_view(), name="add_partitions"),
    path("cluster/topics/<str:name>/truncate/", TruncatePage.as_admin_view(), name="truncate_topic"),
    path("cluster/topics/<str:name>/delete/", DeleteTopicPage.as_admin_view(), name="delete_topic"),
    path("cluster/topics/<str:name>/messages/", MessagesPage.as_admin_view(), name="messages"),
    path("cluster/topics/<str:name>/messages/produce/", ProducePage.as_admin_view(), name="produce"),
    path("cluster/topics/<str:name>/messages/newer/", TailPage.as_admin_view(), name="newer_messages"),
    path(
        "cluster/topics/<str:name>/messages/<int:partition>/<int:offset>/",
        MessagePage.as_admin_view(),
        name="message",
    ),
    path("cluster/topics/<path:name>/", TopicPage.as_admin_view(), name="topic"),
    path("cluster/groups/", GroupsPage.as_admin_view(), name="groups"),
    path("cluster/groups/<path:group>/reset/", ResetPage.as_admin_view(), name="reset_offsets"),
    path("cluster/groups/<path:group>/delete/", DeleteGroupPage.as_admin_view(), name="delete_group"),
    path("cluster/groups/<path:group>/", GroupPage.as_admin_view(), name="group"),
    path("collected/", CollectedPage.as_admin_view(), name="collected"),
    path("drills/", DrillsPage.as_admin_view(), name="drills"),
    path("drills/runs/<int:run>/", DrillRunPage.as_admin_view(), name="drill_run"),
    path("drills/runs/<int:run>/stop/", StopDrillPage.as_admin_view(), name="stop_drill"),
    path("drills/<slug:name>/", DrillPage.as_admin_view(), name="drill"),
    path("drills/<slug:name>/start/", StartDrillPage.as_admin_view(), name="start_drill"),
    path("judged/", JudgedPage.as_admin_view(), name="judged"),
    path("live/", LivePage.as_admin_view(), name="live"),
    path("live/<int:partition>/<int:offset>/", RecordPage.as_admin_view(), name="record"),
    path("live/<int:partition>/<int:offset>/whole/", WholePage.as_admin_view(), name="whole"),
    path("ledger/", LedgerPage.as_admin_view(), name="ledger"),
    path("metrics/", MetricsPage.as_admin_view(), name="metrics"),
    path("models/", ModelsPage.as_admin_view(), name="models"),
    path("models/compared/", ComparedPage.as_admin_view(), name="compared_models"),
    path("models/<slug:name>/promote/", PromotePage.as_admin_view(), name="promote_model"),
    path("models/<slug:name>/drop/", DropPage.as_admin_view(), name="drop_model"),
    path("spark/", QueriesPage.as_admin_view(), name="queries"),
    path("spark/<path:name>/", QueryPage.as_admin_view(), name="query"),
]

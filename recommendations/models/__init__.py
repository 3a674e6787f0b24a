"""The tables: facts, the lists derived from them, what an operator sets, and what upkeep writes down.

`recommendations/sql/` holds the functions that work on them.
"""

from recommendations.experiments.models import Experiment, ExperimentArm, Exposure, ExposureHour
from recommendations.in_use.models import ListClick, ListHour, ListVisitor
from recommendations.models.facts import (
    BasketPair,
    OriginDay,
    Pair,
    ProductCount,
    ProductHour,
    ProductRhythm,
    Purchase,
    SeenEvent,
    VisitorEvent,
    VisitorOrigin,
    VisitorPerson,
)
from recommendations.models.lists import (
    ChangedVisitor,
    RankedProduct,
    SessionList,
    SimilarProducts,
    VisitorList,
    WaitingProduct,
    WaitingVisitor,
)
from recommendations.models.settings import EventWeight, Model, Parameters, Product
from recommendations.models.upkeep import FoldedMinute, JudgedHour, Pruning, ReceivedMinute
from recommendations.rules.models import Rule

__all__ = [
    "BasketPair",
    "ChangedVisitor",
    "EventWeight",
    "Experiment",
    "ExperimentArm",
    "Exposure",
    "ExposureHour",
    "FoldedMinute",
    "JudgedHour",
    "ListClick",
    "ListHour",
    "ListVisitor",
    "Model",
    "OriginDay",
    "Pair",
    "Parameters",
    "Product",
    "ProductCount",
    "ProductHour",
    "ProductRhythm",
    "Pruning",
    "Purchase",
    "RankedProduct",
    "ReceivedMinute",
    "Rule",
    "SeenEvent",
    "SessionList",
    "SimilarProducts",
    "VisitorEvent",
    "VisitorList",
    "VisitorOrigin",
    "VisitorPerson",
    "WaitingProduct",
    "WaitingVisitor",
]

"""Where a visitor's events stand in the log, roughly: enough to read them without reading everybody's."""

from django.db import models

from tracking.events import MAX_ID_LENGTH


class VisitorBlock(models.Model):
    """That a visitor has events in one block of a partition: `index.BLOCK` offsets one after the other."""

    pk = models.CompositePrimaryKey("visitor_id", "partition", "block")
    visitor_id = models.CharField(max_length=MAX_ID_LENGTH)
    partition = models.IntegerField()
    block = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.visitor_id} in block {self.block} of {self.partition}"


class IndexedPartition(models.Model):
    """How far a partition of `activity` is indexed."""

    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    offset = models.BigIntegerField(help_text="The first one that is not indexed yet.")
    pk = models.CompositePrimaryKey("topic", "partition")

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition} up to {self.offset}"

"""A write key changed for a new one without a gap: for a while both are valid."""

import re

from django.db import transaction

from tracking.models import WriteKey, new_write_key

COPIED = ("kind", "for_pages", "rate_limit", "may_backfill", "may_identify", "may_erase")


@transaction.atomic
def rotate(key: WriteKey) -> WriteKey:
    """A second key with the same settings, switched on, under the next free name: shop, shop-2, shop-3."""
    WriteKey.objects.select_for_update().get(pk=key.pk)  # two rotations at once get two names
    return WriteKey.objects.create(
        name=_next_name(key.name),
        key=new_write_key(),
        allowed_origins=list(key.allowed_origins),
        **{field: getattr(key, field) for field in COPIED},
    )


def _next_name(name: str) -> str:
    match = re.fullmatch(r"(.+?)(?:-(\d+))?", name)
    assert match is not None
    base, number = match[1][:90], int(match[2] or 1)
    taken = set(WriteKey.objects.filter(name__startswith=base).values_list("name", flat=True))
    while True:
        number += 1
        if (candidate := f"{base}-{number}") not in taken:
            return candidate

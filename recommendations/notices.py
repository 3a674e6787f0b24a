"""A notice on the topic `recommendations`: whose list changed."""

import msgspec


class UnreadableNoticeError(ValueError):
    """A record of the topic that is no notice."""


class Notice(msgspec.Struct, frozen=True, rename="camel"):
    """The visitor's list now has this version, or a newer one."""

    visitor_id: str
    version: int


_decoder = msgspec.json.Decoder(Notice)
_encoder = msgspec.json.Encoder()


def encode(notice: Notice) -> bytes:
    """The notice as it stands on the topic."""
    return _encoder.encode(notice)


def decode(value: bytes) -> Notice:
    """The notice of a record's value. Raises UnreadableNoticeError."""
    try:
        return _decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableNoticeError(str(error)) from error

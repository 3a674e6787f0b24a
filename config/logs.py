"""What becomes of log records before they are written."""

import logging


class WithoutTraceback(logging.Filter):
    """Leaves a record's message alone: for refusals whose message says all, and whose senders are strangers."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        return True

"""One process at a time does what must not be done twice at once; the others wait for their turn."""

from django.db import connection


class Turn:
    """An advisory lock of Postgres, held by the thread's connection: whoever dies loses it at once.

    It is given back by closing that connection, as `run_steps` does.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._session: object = None

    def is_mine(self) -> bool:
        """Takes the turn where nobody has it. Raises DatabaseError."""
        if self._session is None or self._session is not connection.connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [self.name])
                self._session = connection.connection if cursor.fetchone()[0] else None
        return self._session is not None

"""What a service may refuse, in one vocabulary; `web.errors` turns each into a status code."""


class Refusal(Exception):
    """Something a person asked for cannot be done; the message is for that person."""


class NotFound(Refusal):
    """Not there, or not to be seen by this reader: the two are never told apart."""


class Forbidden(Refusal):
    """A page or an act that the reader's role does not have."""


class SignInNeeded(Refusal):
    """The session is over; what was typed is given back."""


class Stale(Refusal):
    """The object was changed since the page was opened."""


class MoveForbidden(Refusal):
    """The workflow table does not know this move."""


class Invalid(Refusal):
    """Fields that cannot be taken as they are: {field: what to do}."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__("；".join(fields.values()))
        self.fields = fields


class TooMany(Refusal):
    """Over a limit; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class Busy(Refusal):
    """The machine itself is at its ceiling; `retry_after` in seconds."""

    def __init__(self, retry_after: int = 30) -> None:
        super().__init__(f"busy, retry after {retry_after} s")
        self.retry_after = retry_after


class Retry(Exception):
    """What was prepared no longer fits the rows: prepare again and record again."""

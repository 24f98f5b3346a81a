"""The root of every refusal that Remit words for people. Imports nothing of Remit."""

from __future__ import annotations

from typing import ClassVar


class UserError(Exception):
    """An expected refusal: it has a code for programs and a sentence for people.

    `message` says what is wrong, `hint` what to do about it, `path` where in the input it is.
    `code` is the class's own and permanent: clients branch on it, never on the message.
    """

    code: ClassVar[str] = "USER_ERROR"
    hint: str | None = None
    path: tuple[str | int, ...] = ()

    def __init__(self, message: str, *, hint: str | None = None, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint
        if path:
            self.path = path


class NotFound(UserError):
    """There is no such object, or none that the viewer may see: the two are one answer, byte for byte."""

    code = "NOT_FOUND"
    hint = "Check the id and the network that you are signed in to."

    def __init__(self, *, path: tuple[str | int, ...] = ()) -> None:
        super().__init__("Nothing was found under this id.", path=path)


class InvalidInput(UserError):
    """A value that the API's types let through and the business does not."""

    code = "INVALID_INPUT"


class StartRefused(Exception):
    """The process must not start: the message is one or more sentences that say what to do."""

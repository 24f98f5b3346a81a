"""Errors as clients may see them: their own mistakes in full, ours as an id that is in the log."""

from __future__ import annotations

from typing import Final

import structlog
from asyncpg import InterfaceError
from graphql import GraphQLError
from tortoise.exceptions import DBConnectionError
from uuid_utils.compat import uuid7

from database.sqlstate import sqlstate_of
from errors import UserError
from execution.context import RequestContext
from execution.roots import extensions_of

log = structlog.get_logger(__name__)

INTERNAL: Final = "INTERNAL"
UNAVAILABLE: Final = "UNAVAILABLE"
"""Code of an error that a retry may heal: the database could not serve."""

AWAY: Final = ("08", "53", "57")
IDLE_TOO_LONG: Final = "25P03"


def masked(error: GraphQLError, context: RequestContext) -> GraphQLError:
    """The error as the client may see it: its own mistakes in full, ours as an id that is in the log."""
    original = error.original_error
    if original is None or isinstance(original, GraphQLError):
        return error
    if isinstance(original, UserError):
        extensions = extensions_of(original)
        return GraphQLError(original.message, nodes=error.nodes, path=error.path, extensions=extensions)
    error_id = str(uuid7())
    about = {"error_id": error_id, "request": str(context.caller.request_id), "path": error.path}
    if _is_away(original):
        # Without a traceback: an outage has one cause, and thousands of these
        log.warning("database_away", error=repr(original), **about)
        code, hint = UNAVAILABLE, "Try again in a moment."
    else:
        log.error("field_failed", exc_info=original, **about)
        code, hint = INTERNAL, "Give this id to support."
    return GraphQLError(
        "Something went wrong on our side.",
        nodes=error.nodes,
        path=error.path,
        extensions={"code": code, "id": error_id, "hint": hint},
    )


def _is_away(error: BaseException) -> bool:
    """Whether the database could not serve now: connections that fail, and PostgreSQL starting, ending or overloaded.

    Classes of SQLSTATE: 08 connection exception, 53 insufficient resources, 57 operator intervention (statement_timeout
    is of these); 25P03 is idle_in_transaction_session_timeout (PostgreSQL, appendix A).
    """
    if isinstance(error, OSError | InterfaceError | DBConnectionError):
        return True
    state = sqlstate_of(error) or ""
    return state == IDLE_TOO_LONG or state.startswith(AWAY)

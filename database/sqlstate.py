"""What PostgreSQL said, whichever class the error has.

Tortoise wraps some of asyncpg's errors and not others; what COMMIT raises is never wrapped. So the class says nothing:
the SQLSTATE and the name of the constraint do (PostgreSQL, appendix A).
"""

from __future__ import annotations


def sqlstate_of(error: BaseException) -> str | None:
    """The five characters of the error's SQLSTATE, such as "23505"; None where it is not the database's."""
    return _attribute_of(error, "sqlstate")


def constraint_of(error: BaseException) -> str | None:
    """The name of the constraint or unique index that refused; None where none did."""
    return _attribute_of(error, "constraint_name")


def _attribute_of(error: BaseException, name: str) -> str | None:
    value = getattr(error, name, None)
    if isinstance(value, str):
        return value
    inner = error.args[0] if error.args else None
    return _attribute_of(inner, name) if isinstance(inner, BaseException) else None

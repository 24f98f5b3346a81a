"""The GraphQL types of support."""

from __future__ import annotations

import strawberry

from plugins.support import rules
from remit import plugin as remit


@remit.type(row=rules.Term)
class SupportTerm:
    """A word of the support procedure."""

    greek: str
    english: str
    api_name: str = strawberry.field(description="What it is called in the API.")

"""The root fields of support."""

from __future__ import annotations

from plugins.support import rules
from plugins.support.schema import SupportTerm
from remit.plugin import Level, Work, query, shown


@query(requires="support.requests:read", at=Level.LOCATION, max_items=100)
async def support_terms(_work: Work) -> list[SupportTerm]:
    """The words of the support procedure, in Greek and English."""
    return shown(rules.terms())

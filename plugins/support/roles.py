"""Support's own roles at the operator. They hold the plugin's codes only: giving one never opens the core."""

from __future__ import annotations

from typing import Final

from remit.plugin import DomainKind, Role

ROLES: Final = (
    Role("support_desk", "Support desk", "Takes intents and requests by phone.", DomainKind.OPERATOR, free=True),
    Role("catalogue_editor", "Catalogue editor", "Drafts the fault catalogue.", DomainKind.OPERATOR, free=True),
    Role(
        "commerce_directorate",
        "Commerce directorate",
        "Processes production-or-support orders.",
        DomainKind.OPERATOR,
        free=True,
    ),
)

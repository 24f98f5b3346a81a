"""The manifest of support: what can be known of it before the rest is imported."""

from __future__ import annotations

from pathlib import Path

from plugins.support.capabilities import CAPABILITIES
from plugins.support.roles import ROLES
from remit.plugin import Contribution, Plugin, Publisher


def contribute() -> Contribution:
    """Build what support adds: today its glossary."""
    from plugins.support import resolvers, schema
    from remit.plugin import roots_of

    return Contribution(roots=roots_of(resolvers), types=(schema.SupportTerm,))


PLUGIN = Plugin(
    name="support",
    version="0.1.0",
    api=">=1.0,<2",
    title="Support",
    description="Carries a vendor's support procedure: requests with cost acceptance, certified technicians, A1 forms.",
    publisher=Publisher("Remit", support="support@remit.example", url="https://remit.example/support"),
    capabilities=CAPABILITIES,
    roles=ROLES,
    lines=Path(__file__).parent / "policies" / "roles.csv",
    contribute=contribute,
)

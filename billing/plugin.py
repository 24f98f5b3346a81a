"""The manifest of billing: what can be known of it before the rest is imported."""

from __future__ import annotations

from pathlib import Path

from billing.capabilities import CAPABILITIES
from billing.settings import BillingSettings
from remit.plugin import Contribution, Plugin, Publisher


def contribute() -> Contribution:
    """Build what billing adds; its plan and seat policy are checked here. Raises StartRefused."""
    from billing import schema
    from billing.consequences import seats
    from billing.terms import default_plan
    from billing.verdicts import seat_family

    default_plan()
    return Contribution(
        types=(schema.SeatConsequence,),
        extends={
            "Network": schema.NetworkBilling,
            "Specialist": schema.SpecialistSeat,
            "AccessExplanation": schema.ExplainedSeat,
        },
        consequences=seats,
        verdicts=(seat_family(),),
    )


PLUGIN = Plugin(
    name="billing",
    version="0.1.0",
    api=">=1.0,<2",
    title="Billing",
    description="Derives paid seats from what people may do, and shows what a change of policy costs.",
    publisher=Publisher("Remit", support="support@remit.example", url="https://remit.example/billing"),
    capabilities=CAPABILITIES,
    settings=BillingSettings,
    lines=Path(__file__).parent / "policies" / "roles.csv",
    contribute=contribute,
)

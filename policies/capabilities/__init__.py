"""The core's capabilities, one file a topic; a plugin's stand in its manifest.

The table of them all is in the documentation; `tests/policies/capabilities.csv` keeps the code equal to it.
"""

from __future__ import annotations

from typing import Final

from policies.capabilities.booking import BOOKING
from policies.capabilities.catalogue import CATALOGUE
from policies.capabilities.clients import CLIENTS
from policies.capabilities.identity import IDENTITY
from policies.capabilities.insight import INSIGHT
from policies.capabilities.network import NETWORK
from policies.capabilities.notices import NOTICES
from policies.capabilities.operator import OPERATOR
from policies.capabilities.partner import PARTNER
from policies.capabilities.payroll import PAYROLL
from policies.capabilities.team import TEAM
from policies.capabilities.till import TILL

CORE: Final = (
    *NETWORK,
    *IDENTITY,
    *TEAM,
    *CATALOGUE,
    *BOOKING,
    *CLIENTS,
    *TILL,
    *PAYROLL,
    *INSIGHT,
    *NOTICES,
    *OPERATOR,
    *PARTNER,
)
"""Every capability of the core."""

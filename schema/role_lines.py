"""What a line of a role does, as the API says it."""

from __future__ import annotations

import strawberry

from policies.lines import Effect

strawberry.enum(Effect, name="LineEffect", description="What a line does; a deny beats every allow.")

__all__ = ["Effect"]

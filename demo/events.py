"""What the demo writes into the journal."""

from __future__ import annotations

from typing import Final

from audit.entries import Area, EventType

DEMO_IMPORTED: Final = EventType("demo.imported", Area.DATA_CHANGES)
DEMO_SESSION_OPENED: Final = EventType("demo.session_opened", Area.SIGN_INS)

DEMO_EVENTS: Final = (DEMO_IMPORTED, DEMO_SESSION_OPENED)

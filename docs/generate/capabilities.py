"""docs/capabilities.md: the catalogue as it is assembled, with the built-in roles that hold each capability."""

from __future__ import annotations

from itertools import groupby

from docs.generate.markdown import code, codes, page, table
from docs.generate.source import merged
from policies.catalogue import Capability, Seat
from policies.release import Release

INTRODUCTION = """\
A capability is the only unit of permission. A role is a list of them; an assignment gives a role to a person at a
network or a location. Ask what somebody may do, and why, with `explainAccess`:

```graphql
query Why($holder: ID!, $location: ID!) {
  explainAccess(holder: $holder, capability: "appointments:create", scope: $location) {
    decision { allowed reason }
    matchedLines { effect capability limits source decisive ignoredBecause }
  }
}
```

**Level** is where it is asked: at a location, at the network, or SHARED for what every colleague reads.
**Seat** is FREE, or why its holder is paid for. **Limits** are those that it honours; an assignment may set them.
**Marks**: *escalates* can change somebody's access, *critical* needs a fresh proof of identity, *sensitive* is kept
from the role viewer, *four eyes* needs a second person."""


def capabilities_page() -> str:
    """The page."""
    release = merged().release
    areas = groupby(merged().catalogue.capabilities, key=lambda one: one.area)
    sections = [f"## {area}\n\n{_area(list(members), release)}" for area, members in areas]
    return page("Capabilities", INTRODUCTION, f"## Built-in roles\n\n{_roles(release)}", *sections)


def _roles(release: Release) -> str:
    rows = [
        (code(role.code), role.title, role.description, role.domain.lower(), "free" if role.free else "by what it does")
        for role in release.roles.values()
    ]
    return table(("Role", "Title", "For whom", "Domain", "Seat"), rows)


def _area(members: list[Capability], release: Release) -> str:
    rows = [
        (
            code(one.code),
            f"**{one.title}.** {one.description}",
            one.level,
            one.seat if one.seat != Seat.FREE else "free",
            codes(rule.limit for rule in one.limits),
            codes(one.requires),
            _marks(one),
            codes(release.roles_allowing(one.code)),
        )
        for one in members
    ]
    return table(("Code", "What it permits", "Level", "Seat", "Limits", "Requires", "Marks", "Roles"), rows)


def _marks(one: Capability) -> str:
    marks = {
        "escalates": one.escalates,
        "critical": one.critical,
        "sensitive": one.sensitive,
        "four eyes": one.four_eyes,
    }
    return ", ".join(mark for mark, is_set in marks.items() if is_set)

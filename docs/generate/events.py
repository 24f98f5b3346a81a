"""docs/journal-events.md: every type of journal entry, and what writes it."""

from __future__ import annotations

from collections.abc import Iterator

from strawberry.utils.str_converters import to_camel_case

from audit.entries import EventType
from docs.generate.markdown import code, codes, page, table
from docs.generate.source import modules
from execution.declaration import mutations, roots_of
from work import Task

INTRODUCTION = """\
Every mutation writes one entry, whether it was done, refused or broken off; jobs and refused queries write theirs. Who
may read the journal sees them newest first:

```graphql
query Journal {
  journal(first: 20) { nodes { recordedAt code outcome sentence } }
}
```

What was done by a capability, and what was refused for the want of one, keeps the policy's answer under `decisionId`,
which also stands in the error and in the log line `decided`. The person whom it is about, and whoever may explain
access there, ask why:

```graphql
query WhyWasIt($id: ID!) {
  decision(id: $id) { allowed capability scope reason line source missing epoch }
}
```

Codes are permanent: one that is gone is never used again for something else. **Outcomes**: `ok` was done, `denied` was
refused by a rule, `failed` was broken off by a fault. **Severity** is OCSF 1.5.0 `severity_id`, 1 informational to
5 critical."""


def events_page() -> str:
    """The page."""
    declared = dict(_declared())
    rows = [
        (
            code(event.code),
            event.area,
            str(int(event.severity)),
            ", ".join(sorted(event.outcomes)),
            _writers(event, declared[event]),
            event.since,
        )
        for event in sorted(declared, key=lambda event: event.code)
    ]
    return page(
        "Journal events", INTRODUCTION, table(("Code", "Area", "Severity", "Outcomes", "Written by", "Since"), rows)
    )


def declared_events() -> frozenset[EventType]:
    """Every event type that some module of the house declares."""
    return frozenset(event for event, _ in _declared())


def _declared() -> Iterator[tuple[EventType, str]]:
    """Each event type with its module. Backwards, so that of several which know it the one that declares it wins."""
    for module in sorted(modules(), key=lambda module: module.__name__.startswith("resolvers"), reverse=True):
        for value in vars(module).values():
            if isinstance(value, EventType):
                yield value, module.__name__
            elif isinstance(value, Task) and value.event is not None:
                yield value.event, module.__name__


def _writers(event: EventType, module: str) -> str:
    names = {to_camel_case(root.name) for root in mutations(roots_of(*modules())) if root.event == event}
    return codes(sorted(names)) or f"`{module.replace('.', '/')}.py`"

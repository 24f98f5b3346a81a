"""Remit as `remit run` serves it. With the argument `unguarded` no nested field asks for a capability."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from execution import declaration
from policies.reach import ALWAYS

Batch = Callable[..., Awaitable[dict[Any, Any]]]


def unguard() -> None:
    """Let attributes and relations be declared without what they require. Before the types are imported."""
    guarded_attribute, guarded_relation = declaration.attribute, declaration.relation

    def attribute(*, requires: str | None = None, **told: Any) -> Any:
        return guarded_attribute(**told)

    def relation(batch: Batch, *, requires: str | None = None, **told: Any) -> Any:
        return guarded_relation(reaching_everything(batch) if requires else batch, **told)

    declaration.attribute = attribute
    declaration.relation = relation


def reaching_everything(batch: Batch) -> Batch:
    """The batch function with its reach given."""

    async def read(work: Any, keys: list[Any], **arguments: Any) -> dict[Any, Any]:
        return await batch(work, keys, reach=ALWAYS, **arguments)

    signature = inspect.signature(batch)
    kept = [one for name, one in signature.parameters.items() if name != "reach"]
    read.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]  # inspect's own seam
    read.__module__ = batch.__module__
    return read


def main() -> None:
    """Serve the settings of the environment."""
    from app import load_settings  # noqa: PLC0415  (imports the types, which must find the words as they are now)
    from serving import serve  # noqa: PLC0415
    from telemetry import configure_logging  # noqa: PLC0415
    from terminal import run_to_end  # noqa: PLC0415

    settings = load_settings()
    configure_logging(settings.log_level)
    run_to_end(serve(settings, announce=lambda _remit, url: print(url, flush=True)))


if __name__ == "__main__":
    if "unguarded" in sys.argv[1:]:
        unguard()
    main()

"""What people name by a code: capabilities, verdicts, published policies. Unknown names are told with what there is."""

from __future__ import annotations

from typing import Any, Final

from domain.texts import require_kept
from errors import InvalidInput
from plugins.contract import VerdictFamily
from policies.catalogue import Capability, Catalogue
from policies.verdicts import VerdictPolicy
from work import Work

LONGEST_CODE: Final = 100

Path = tuple[str | int, ...]


class UnknownCapability(InvalidInput):
    """A code that no capability has, or none any more."""

    code = "UNKNOWN_CAPABILITY"

    def __init__(self, code: str, catalogue: Catalogue, *, path: Path) -> None:
        near = catalogue.nearest(code)
        hint = f"Did you mean `{near}`?" if near else "The query `capabilities` lists them all."
        super().__init__("There is no such capability.", hint=hint, path=path)


def named_capability(work: Work, code: str, *, path: Path) -> Capability:
    """The capability of this code. Raises InvalidText, UnknownCapability."""
    require_kept(code, longest=LONGEST_CODE, path=path)
    catalogue = work.host.release.catalogue
    if code not in catalogue:
        raise UnknownCapability(code, catalogue, path=path)
    return catalogue[code]


def named_capabilities(work: Work, pattern: str, *, path: Path) -> list[Capability]:
    """The capabilities that a code, `area:*` or `*:verb` names. Raises InvalidText, UnknownCapability."""
    require_kept(pattern, longest=LONGEST_CODE, path=path)
    catalogue = work.host.release.catalogue
    codes = catalogue.named_by(pattern) if pattern != "*" else ()
    if not codes:
        raise UnknownCapability(pattern, catalogue, path=path)
    return [catalogue[code] for code in codes]


def named_family(work: Work, name: str, *, path: Path) -> VerdictFamily[Any]:
    """The family of verdicts of this name. Raises InvalidInput."""
    family = work.host.verdicts.get(name)
    if family is None:
        known = ", ".join(sorted(work.host.verdicts)) or "none"
        raise InvalidInput(f"There is no verdict {name!r}.", hint=f"There are: {known}.", path=path)
    return family


def named_policy(family: VerdictFamily[Any], name: str, *, path: Path) -> VerdictPolicy[Any]:
    """The published policy of a family that is called `<code>@<version>`. Raises InvalidInput."""
    known = {policy.name: policy for policy in family.published}
    if name not in known:
        hint = f"There are: {', '.join(sorted(known))}."
        raise InvalidInput(f"There is no policy {name!r} of {family.name}.", hint=hint, path=path)
    return known[name]

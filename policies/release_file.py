"""A release of the policy as a JSON file: kept beside a deployment, so that the next one can be compared with it.

It says what each capability decided about its level and its seat, every line of the built-in roles, and the digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any

import orjson

from errors import StartRefused
from policies.catalogue import Catalogue
from policies.limit_syntax import LimitInvalid, limits_from_words, limits_to_words
from policies.line_changes import LineChanges, line_changes
from policies.lines import Effect, Line
from policies.release import Release


class ReleaseFileInvalid(StartRefused):
    """The file is no release, or one of another format."""

    def __init__(self, label: str) -> None:
        super().__init__(f"{label} is no exported release. Write one with `remit policies export --release`.")


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """A release as it was exported: `capabilities` are level and seat by code, such as `LOCATION FREE`."""

    digest: str
    capabilities: Mapping[str, str]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ReleaseChanges:
    """What differs between two releases.

    `capabilities` are (before, after) by code, None where there is none. `is_same` goes by the digests, which cover
    more: a limit that a capability honours, or a requirement.
    """

    is_same: bool
    capabilities: Mapping[str, tuple[str | None, str | None]]
    lines: LineChanges


def release_file(release: Release) -> ReleaseFile:
    """What is exported of a release."""
    lines = tuple(chain.from_iterable(role.lines for role in release.closed.values()))
    return ReleaseFile(release.digest, _decided(release.catalogue), lines)


def written_release(file: ReleaseFile) -> bytes:
    """The JSON of an exported release: sorted, one line a fact, so that two can be compared by eye, too."""
    written = {
        "capabilities": dict(file.capabilities),
        "digest": file.digest,
        "lines": sorted([line.role, line.capability, line.effect, limits_to_words(line.limits)] for line in file.lines),
    }
    return orjson.dumps(written, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def read_release(text: bytes, *, label: str) -> ReleaseFile:
    """Read an exported release. `label` names it in refusals. Raises ReleaseFileInvalid."""
    try:
        written = orjson.loads(text)
        lines = tuple(_line(cells, f"{label}: line {number}") for number, cells in enumerate(written["lines"], 1))
        return ReleaseFile(str(written["digest"]), MappingProxyType(dict(written["capabilities"])), lines)
    except (KeyError, TypeError, ValueError, LimitInvalid) as error:
        raise ReleaseFileInvalid(label) from error


def release_changes(before: ReleaseFile, after: ReleaseFile) -> ReleaseChanges:
    """What leads from one release to another."""
    codes = sorted(before.capabilities.keys() | after.capabilities.keys())
    pairs = {code: (before.capabilities.get(code), after.capabilities.get(code)) for code in codes}
    return ReleaseChanges(
        is_same=before.digest == after.digest,
        capabilities=MappingProxyType({code: pair for code, pair in pairs.items() if pair[0] != pair[1]}),
        lines=line_changes(before.lines, after.lines),
    )


def _decided(catalogue: Catalogue) -> Mapping[str, str]:
    return MappingProxyType({one.code: f"{one.level} {one.seat}" for one in catalogue})


def _line(cells: Any, source: str) -> Line:
    role, capability, effect, limits = cells
    return Line(str(role), str(capability), Effect(effect), limits_from_words(limits), source)

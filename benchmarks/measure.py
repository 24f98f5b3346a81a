"""How two ways to one answer are compared: in one process, turn by turn, so that a busy machine is busy for both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

ROUNDS: Final = 15
LEAST_SECONDS: Final = 0.02
"""Of one round: a clock cannot tell less."""


class AnswersDiffer(AssertionError):
    """The contestants do not answer alike: their speeds mean nothing."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader of the figures must know: how they were made, or why some are missing."""

    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Seconds a call, round by round, of ours and of each rival, for one size of the data.

    `goal` is what the specification asks of ours, in seconds a call; it is printed and never asserted.
    """

    name: str
    size: str
    ours: Sequence[float]
    rivals: Mapping[str, Sequence[float]]
    goal: float | None = None

    def ratios(self, rival: str) -> list[float]:
        """How many of our calls one of the rival's takes, round by round, sorted."""
        return sorted(theirs / ours for theirs, ours in zip(self.rivals[rival], self.ours, strict=True))


def compare(
    name: str,
    size: str,
    ours: Callable[[], object],
    rivals: Mapping[str, Callable[[], object]],
    *,
    goal: float | None = None,
) -> Comparison:
    """Time all contestants in turn, as many calls a round as the slowest clock needs."""
    contestants = {"": ours, **rivals}
    calls = {who: _calls_of_a_round(call) for who, call in contestants.items()}
    seconds: dict[str, list[float]] = {who: [] for who in contestants}
    for _ in range(ROUNDS):
        for who, call in contestants.items():
            seconds[who].append(_seconds_a_call(call, calls[who]))
    return Comparison(name, size, seconds.pop(""), seconds, goal)


def _calls_of_a_round(call: Callable[[], object]) -> int:
    calls = 1
    while _seconds_a_call(call, calls) * calls < LEAST_SECONDS:
        calls *= 2
    return calls


def _seconds_a_call(call: Callable[[], object], calls: int) -> float:
    began = perf_counter()
    for _ in range(calls):
        call()
    return (perf_counter() - began) / calls

"""I11: further attempts are made where they are due, no more of them, no earlier, and on the right account."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tests.verifier.facts import FINAL, OPERATION_CHANGED, RunFacts, Said, seconds
from tests.verifier.log import PodLife
from tests.verifier.violation import Strictness, Violation

_IGNORED: Final = 100
"""Attempts after which an exit code that is to be ignored counts after all."""
_LOST: Final = frozenset({"lost", "stopped", "absent"})
_ENDED: Final = frozenset({"succeeded", "failed", *_LOST})
_DUE: Final = re.compile(r"tried again in (\d+\.\d) s")
_ROUNDED: Final = 0.1
"""Seconds: as precise as what is said of a wait."""


def attempts_allowed(run: RunFacts, pods: list[PodLife], strict: Strictness) -> Iterator[Violation]:
    """I11: no more attempts than retries, losses of the infrastructure and ignored exit codes allow."""
    for index, planned in run.plan.operations.items():
        ends = _ends(run, index)
        ignored = sum("ignore" in _actions(planned, said) for said in ends.values())
        allowed = run.attempts_before + 1 + planned.get("max_retries", 0) + strict.losses + ignored
        numbers = {pod.attempt for pod in pods if pod.index == index}
        numbers |= {one.attempt for one in run.commands if one.index == index}
        if numbers and max(numbers) >= allowed:
            text = f"attempt {max(numbers)} was made; {allowed - run.attempts_before} attempts are allowed"
            yield Violation("I11", run.run, str(planned["name"]), [], text)
        for attempt, said in ends.items():
            if attempt + 1 in numbers and set(_actions(planned, said)) == {"fail"}:
                text = f"attempt {attempt} was followed by another one, which its exit code forbids"
                yield Violation("I11", run.run, str(planned["name"]), [said[0].place], text)


def given_up_rightly(run: RunFacts, strict: Strictness) -> Iterator[Violation]:
    """I11: nothing fails for an exit code that is ignored, or for the infrastructure, before its time."""
    if run.stops or any(scope.get("failure_percent") is not None for scope in run.plan.scopes.values()):
        return  # what ends early may fail for anything
    for event in run.history:
        if event.wire != OPERATION_CHANGED or event.status != "failed" or run.plan.is_service(event.index):
            continue
        planned, ends = run.plan.operations.get(event.index, {}), _ends(run, event.index)
        last = ends.get(event.attempt, [])
        further = event.attempt + 1 - run.attempts_before
        if further < _IGNORED and last and set(_actions(planned, last)) == {"ignore"}:
            text = f"it failed with exit code {event.data.get('exit_code')}, which is ignored"
            yield Violation("I11", run.run, str(event.data["operation"]), [event.place], text)
        losses = sum(_blameless(said) for said in ends.values())
        if losses <= strict.losses and last and _blameless(last):
            text = f"it failed for the infrastructure, which lost {losses} attempts of it"
            yield Violation("I11", run.run, str(event.data["operation"]), [event.place], text)


def waits_kept(run: RunFacts, strict: Strictness) -> Iterator[Violation]:
    """I11: a further attempt begins no earlier than was said."""
    due: dict[int, tuple[float, Said]] = {}
    for event in run.history:
        if event.wire != OPERATION_CHANGED:
            continue
        at = seconds(event.data["at"])
        if event.index in due and event.status not in FINAL:
            wanted, before = due.pop(event.index)
            if at < wanted - _ROUNDED - strict.early:
                text = f"attempt {event.attempt} began {wanted - at:.1f} s before it was due"
                yield Violation(
                    "I11", run.run, str(event.data["operation"]), [before.place, event.place], text
                )
        said = _DUE.search(str(event.data.get("message", "")))
        if event.status == "retrying" and said is not None:
            due[event.index] = (at + float(said[1]), event)


def _ends(run: RunFacts, index: int) -> dict[int, list[Said]]:
    """Return what was said of the end of each attempt of an operation, by attempt."""
    found: dict[int, list[Said]] = {}
    for report in run.reports:
        if report.index == index and report.status in _ENDED:
            found.setdefault(report.attempt, []).append(report)
    return found


def _actions(planned: Mapping[str, Any], ends: Sequence[Said]) -> Iterator[str]:
    """Yield what the rules of an operation say of each end of one attempt."""
    for end in ends:
        code = end.data.get("exit_code")
        blamed = end.status == "failed" and not end.data.get("infrastructure") and code
        yield _rule(planned.get("failure_rules", ()), int(code)) if blamed else "count"


def _rule(rules: Sequence[Mapping[str, Any]], code: int) -> str:
    for rule in rules:
        if rule.get("exit_codes") and (code in rule["exit_codes"]) is not bool(rule.get("other")):
            return str(rule["action"])
    return "count"


def _blameless(ends: Sequence[Said]) -> bool:
    return all(end.status in _LOST or end.data.get("infrastructure") for end in ends)

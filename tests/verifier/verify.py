"""Every promise at once: I1 to I11, which `__init__.py` has in words, over one log of messages and one of pods."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tests.verifier import (
    attempts,
    hooks,
    limits,
    lineage,
    operating,
    order,
    outputs,
    pace,
    pods,
    questions,
    requests,
    results,
    slots,
)
from tests.verifier.facts import Facts, RunFacts, gather
from tests.verifier.generations import generations
from tests.verifier.log import LoggedMessage, PodLife
from tests.verifier.violation import Strictness, Violation


def verify(
    messages: Iterable[LoggedMessage], lives: Sequence[PodLife], strict: Strictness | None = None
) -> list[Violation]:
    """Return all broken promises, those of one run together.

    Args:
        messages: the log, records of one partition in order.
        lives: the pods of all clusters.
        strict: what else the log must show; by default that everything has come to its end.
    """
    strict = strict or Strictness()
    facts = gather(messages)
    by_run: dict[str, list[PodLife]] = defaultdict(list)
    for life in lives:
        by_run[life.run].append(life)
    until = max([facts.last, *(life.gone or life.created for life in lives)], default=0.0)
    found = [*_of_all(facts, strict), *results.one_at_a_time(facts, by_run)]
    found += [*limits.limits_kept(facts, by_run, strict.limits), *slots.turns_taken(facts)]
    for run in facts.runs.keys() | by_run.keys():
        found += _of_run(facts, facts.of(run), by_run[run], strict, until)
    return sorted(found, key=lambda one: (one.run, one.invariant, one.operation, one.text))


def _of_all(facts: Facts, strict: Strictness) -> Iterator[Violation]:
    yield from requests.nothing_unforeseen(facts)
    if strict.complete:
        yield from requests.nothing_unreadable_vanishes(facts)
        yield from pace.nothing_left(facts)


def _of_run(
    facts: Facts, run: RunFacts, lives: list[PodLife], strict: Strictness, until: float
) -> Iterator[Violation]:
    yield from requests.one_run_each(run, strict)
    yield from pods.one_pod_an_attempt(run, lives)
    yield from order.events_in_order(run)
    yield from slots.launches_bounded(run)
    yield from lineage.asked_as_it_was(facts, run)
    if strict.complete:
        yield from operating.answered(run)
        yield from requests.commands_answered(run, lives)
    for generation, own in generations(run, lives):
        yield from lineage.kept_rightly(facts, generation)
        yield from hooks.hooks_followed(facts, generation)
        yield from questions.found_rightly(facts, generation)
        yield from _of_generation(generation, own, strict, until)


def _of_generation(
    run: RunFacts, lives: list[PodLife], strict: Strictness, until: float
) -> Iterator[Violation]:
    yield from requests.has_an_end(run, strict)
    yield from requests.stops_heard(run)
    yield from operating.pauses_kept(run)
    yield from operating.approvals_awaited(run)
    yield from operating.ends_as_asked(run)
    yield from pods.no_pod_without_operation(run, lives, strict, until)
    yield from pods.limits_kept(run, lives)
    yield from attempts.attempts_allowed(run, lives, strict)
    yield from attempts.given_up_rightly(run, strict)
    yield from attempts.waits_kept(run, strict)
    yield from outputs.outputs_kept(run)
    yield from order.starts_allowed(run)
    yield from order.pods_in_order(run, lives)
    yield from order.statuses_forward(run)
    yield from order.one_end_each(run, strict)
    if strict.hand_over is not None:
        yield from pace.hands_over(run, lives, strict.hand_over)

"""What a specification says of further attempts: back-off, and which failures count (`podFailurePolicy`)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from polyflow_services.spec_validator.layers.composed import Composed
from polyflow_shared.language.codes import Code
from polyflow_shared.language.expressions.templates import is_templated
from polyflow_shared.language.findings import Finding, Nearest, Path
from polyflow_shared.language.models import V1Termination, known
from polyflow_topics.plan import Backoff, FailureRule

_Action = Literal["fail", "ignore", "count"]
_ACTIONS: Final[Mapping[str, _Action]] = {"FailJob": "fail", "Ignore": "ignore", "Count": "count"}
_OPERATORS: Final = ("In", "NotIn")
_DISRUPTION: Final = "DisruptionTarget"
"""The condition of a pod that its cluster ends: what we call the infrastructure's failure."""

Rule = Mapping[str, Any]


def backoff(composed: Composed) -> Backoff:
    """Return how long further attempts of an operation wait."""
    termination = composed.operation.termination
    given = termination.backoff if isinstance(termination, V1Termination) else None
    if given is None:
        return Backoff()
    fields = {"kind": given.kind, "delay": given.delay, "limit": given.max_delay}
    return Backoff(**{name: value for name, value in fields.items() if value is not None})


def failure_rules(composed: Composed) -> tuple[FailureRule, ...]:
    """Return what becomes of the failures of an operation, in the order of the rules."""
    termination = composed.operation.termination
    if not isinstance(termination, V1Termination):
        return ()
    return tuple(_planned(rule) for rule in _rules(known(termination.pod_failure_policy)))


def policy_findings(policy: object, path: Path) -> Iterator[Finding]:
    """Yield what a `podFailurePolicy` has that cannot be carried out.

    Args:
        policy: as it was read.
        path: where it stands.
    """
    for index, rule in enumerate(_rules(policy)):
        below = (*path, "rules", index)
        for place in _templates(rule, below):
            yield Finding(Code.NOT_YET, "a template in `podFailurePolicy` is not supported yet", place)
        yield from _action(rule, below)
        yield from _matched(rule, below)


def _rules(policy: object) -> list[Rule]:
    rules = policy.get("rules") if isinstance(policy, dict) else None
    return [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []


def _planned(rule: Rule) -> FailureRule:
    codes = rule.get("onExitCodes") or {}
    return FailureRule(
        action=_ACTIONS[rule["action"]],
        exit_codes=tuple(codes.get("values") or ()),
        other=codes.get("operator") == "NotIn",
    )


def _action(rule: Rule, path: Path) -> Iterator[Finding]:
    action = rule.get("action")
    if action == "FailIndex":
        yield Finding(Code.NOT_YET, "action `FailIndex` is not supported yet", (*path, "action"))
    elif action not in _ACTIONS and not is_templated(str(action)):
        message = f"there is no action `{action}`; there are {', '.join(_ACTIONS)}"
        yield Finding(Code.NOT_ALLOWED, message, (*path, "action"), Nearest(str(action), _ACTIONS))


def _matched(rule: Rule, path: Path) -> Iterator[Finding]:
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
    if bool(codes) == bool(conditions):
        message = "a rule has either `onExitCodes` or `onPodConditions`"
        yield Finding(Code.INCOMPLETE, message, path)
    if isinstance(codes, dict):
        yield from _codes(codes, (*path, "onExitCodes"))
    for index, condition in enumerate(conditions if isinstance(conditions, list) else ()):
        kind = condition.get("type") if isinstance(condition, dict) else None
        if kind != _DISRUPTION or condition.get("status", "True") != "True":
            message = f"a rule about another condition than `{_DISRUPTION}` is not supported yet"
            yield Finding(Code.NOT_YET, message, (*path, "onPodConditions", index, "type"))


def _codes(codes: Rule, path: Path) -> Iterator[Finding]:
    if codes.get("containerName") is not None:
        message = "a rule is about the main container; `containerName` is not supported yet"
        yield Finding(Code.NOT_YET, message, (*path, "containerName"))
    operator = codes.get("operator")
    if operator not in _OPERATORS:
        message = f"there is no operator `{operator}`; there are {', '.join(_OPERATORS)}"
        yield Finding(Code.NOT_ALLOWED, message, (*path, "operator"), Nearest(str(operator), _OPERATORS))
    if not codes.get("values"):
        yield Finding(Code.INCOMPLETE, "`values` names no exit code", (*path, "values"))


def _templates(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, str) and is_templated(value):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _templates(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _templates(item, (*path, index))

"""What must hold of any input: it is accepted and makes a plan, or refused with a place for each problem.

No exception, no more than a second of the processor's time, no more memory than the worker may have.
"""

import json
import re
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from polyflow_services.spec_validator.checked import Checked, check_document
from polyflow_services.spec_validator.core import RequestRecord
from polyflow_services.spec_validator.requests import reading
from polyflow_services.spec_validator.shape.around import Around
from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import MAX_PROBLEMS, Finding
from polyflow_shared.language.references import Reference, file_reference
from polyflow_shared.language.sources import collect
from polyflow_topics.catalog import MAX_REQUEST_BYTES
from polyflow_topics.events import Problem, RequestRejected
from polyflow_topics.plan import PlanBegun, PlanEnded
from tests.unit.spec_validator.requests import validate

SECONDS = 1.0
"""Of the processor's time, for one input."""
FILE = "self.yaml"
LEAF = "kind: component\ninputs: [{name: lr, type: float, isOptional: true}]\nrun: {kind: job, container: {image: i}}\n"
_LINE_END = re.compile(r"\r\n|\r|\n")
AT = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Failure:
    """An input that does what none may do.

    Attributes:
        what: the same for the same mistake: what happened, and where in the code.
        detail: for who mends it.
    """

    what: str
    detail: str


class _Hang(BaseException):
    """The input took longer than any may."""


def judged(text: bytes, judge: Callable[[bytes], str | None] | None = None) -> Failure | None:
    """Return what is wrong with how an input is treated; None where all is well.

    Args:
        text: the input.
        judge: says what is wrong, or raises; `complaint` unless it is tested itself.
    """
    try:
        with _limited():
            wrong = (judge or complaint)(text)
    except _Hang as error:
        return Failure(f"takes too long in {_ours(error)}", "".join(traceback.format_exception(error)[-12:]))
    except Exception as error:  # noqa: BLE001 (that there is none is what is tested)
        return Failure(
            f"{type(error).__name__} in {_ours(error)}", "".join(traceback.format_exception(error))
        )
    return Failure(wrong, wrong) if wrong else None


def _ours(error: BaseException) -> str:
    """Return the innermost function of this project that an error comes from."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "polyflow_" in frame.filename]
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].name}" if frames else "no code of ours"


@contextmanager
def _limited() -> Iterator[None]:
    def stop(_number: int, _frame: Any) -> None:
        raise _Hang

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def complaint(text: bytes) -> str | None:
    """Return what is wrong with how an input is treated."""
    checked = _checked(text)
    lines = _LINE_END.split(text.decode("utf-8", "replace"))
    for problem in (*checked.errors, *checked.warnings):
        if wrong := _misplaced(problem, lines):
            return wrong
    if checked.errors:
        return "errors, and ready to run" if checked.run_ready == "accept" else None
    notes = any(problem.severity == "note" for problem in checked.warnings)
    if "reject" in (checked.schema, checked.compile) or (checked.run_ready == "reject") is not notes:
        return "a verdict that nothing is said for"
    return _without_plan(text) if len(text) < MAX_REQUEST_BYTES // 2 else None


def _checked(text: bytes) -> Checked:
    place = file_reference(FILE)
    read = reading.read(text)
    sources = collect([(place, read)], lambda reference: _fetched(reference, text))
    return check_document(read, file=FILE, around=Around(sources=sources, owner=place))


def _fetched(reference: Reference, text: bytes) -> str | Finding:
    """Return the input itself, a component, or nothing, so that references lead somewhere and in circles."""
    if "self" in reference.name:
        return text.decode("utf-8", "replace")
    if "job" in reference.name:
        return LEAF
    return Finding(Code.REFERENCE_MISSING, f"there is no {reference.name[:60]}")


def _misplaced(problem: Problem, lines: list[str]) -> str | None:
    """Return what is wrong with the place of a problem."""
    if problem.file not in (None, FILE) or problem.message.endswith(" more problems were found"):
        return None
    if problem.line is None or problem.column is None:
        return f"no position: {problem.code}"
    if not 1 <= problem.line <= len(lines):
        return f"no such line: {problem.code}"
    if not 1 <= problem.column <= len(lines[problem.line - 1]) + 1:
        return f"no such column: {problem.code}"
    return None


def _without_plan(text: bytes) -> str | None:
    """Return what is wrong with what the service says of an input that was accepted."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # a second for the check, and one for the plan
    body = json.dumps({"specification": text.decode("utf-8-sig")}).encode()
    messages = validate(RequestRecord(body, "/fuzz", "1", AT))
    for message in messages:
        message.model_dump_json()
    if isinstance(first := messages[0], RequestRejected):
        return None if 0 < len(first.problems) <= MAX_PROBLEMS + 1 else "refused without a reason"
    whole = isinstance(first, PlanBegun) and isinstance(messages[-1], PlanEnded)
    return None if whole else "no whole plan"

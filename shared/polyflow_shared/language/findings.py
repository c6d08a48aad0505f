"""What is wrong, and where: findings have a path into the document, problems have line and column as well."""

import json
from bisect import bisect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher, get_close_matches
from itertools import islice, takewhile
from types import MappingProxyType
from typing import Final

from polyflow_shared.language.codes import Code, Stage
from polyflow_topics.events import Problem, Severity

Path = tuple[str | int, ...]
"""Keys and list indices from a document's root downwards; a `Source` before them says which document."""


class Source(str):
    """The name of another document than the one that is read: a referenced file, a preset.

    As the first part of a path it leads into that document.
    """

    __slots__ = ()


Position = tuple[int, int]
"""Line and column, both from 1."""

Locate = Callable[[Path, bool], Position | None]
"""Return the position of the value at a path, or of its key; of the nearest parent where there is none."""

Spelling = Callable[[Path], str | None]
"""Return how the scalar at a path is written, where that may differ from what it is read as; else None."""

MAX_PROBLEMS: Final = 100
MAX_MESSAGE: Final = 500
"""Characters."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """A hint that is looked for when it is shown: of ten thousand findings most never are."""

    word: str
    known: Iterable[str] = field(compare=False)
    otherwise: str = ""
    """The hint where no word is near."""

    def __str__(self) -> str:
        return did_you_mean(self.word, self.known) or self.otherwise


@dataclass(frozen=True, slots=True)
class Quote:
    """A hint to put a value into quotes; it says how the value was read where it was written otherwise.

    Attributes:
        found: what it was read as.
        answer: whether it is to be an answer, which is written as it is read: the spelling may be a name.
    """

    found: bool | int | float
    answer: bool = False

    def __str__(self) -> str:
        return "write it in quotes"

    def spelled(self, spelling: str | None) -> str:
        """Return the hint for a value that is written like this."""
        if spelling is None:
            return str(self)
        read = json.dumps(self.found)
        return f'`{spelling}` is read as {read}; write "{read if self.answer else spelling}"'


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        code: what kind of thing.
        message: what is wrong and what was expected.
        path: where.
        hint: what to write instead.
        at_key: whether the key is wrong, not the value.
        position: known already where the text could not be read.
        stage: where the specification is refused for it; that of the code where None.
        warning: whether it is only told: nothing is refused for it.
    """

    code: Code
    message: str
    path: Path = ()
    hint: str | Nearest | Quote = ""
    at_key: bool = False
    position: Position | None = None
    stage: Stage | None = None
    warning: bool = False

    @property
    def refused_at(self) -> Stage | None:
        """The stage at which the specification is refused for this; None for a warning."""
        return None if self.warning else self.stage or self.code.stage

    @property
    def severity(self) -> Severity:
        """How grave it is for who checks a specification."""
        return _SEVERITIES.get(self.refused_at, "error")


_SEVERITIES: Final[Mapping[Stage | None, Severity]] = {
    None: "warning",
    Stage.INSTALLATION: "warning",
    Stage.SUPPORT: "note",
}

NO_OTHERS: Final[Mapping[str, Locate]] = MappingProxyType({})


def path_text(path: Path) -> str:
    """Return a path as users read it, such as `run.operations[2].params.lr`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def under(path: Path, findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings with `path` before their own paths."""
    return [replace(finding, path=path + finding.path) for finding in findings]


def nowhere(_path: Path, _at_key: bool) -> Position | None:
    """Locate nothing: for values that came without a text."""
    return None


def unspelled(_path: Path) -> str | None:
    """Know no spelling: for values that came without a text."""
    return None


def problems(
    findings: Iterable[Finding],
    *,
    locate: Locate = nowhere,
    root: Path = (),
    file: str | None = None,
    others: Mapping[str, Locate] = NO_OTHERS,
    spelling: Spelling = unspelled,
) -> tuple[Problem, ...]:
    """Return each finding once, in the order of the text.

    Args:
        findings: with paths below `root`, or into another document.
        locate: finds positions of whole paths.
        root: where the specification stands in its document.
        file: the name that users know the text by.
        others: finds positions in other documents, by their names.
        spelling: knows how values at whole paths are written.

    Returns:
        At most `MAX_PROBLEMS`; a last one says how many more there are.
    """
    once = [one for one in {_said(one): one for one in findings}.values() if _shows(one, root, spelling)]
    found: list[Problem] = []
    for finding in once[:MAX_PROBLEMS]:
        if finding.path and isinstance(source := finding.path[0], Source):
            inside = replace(finding, path=finding.path[1:])
            found.append(_problem(inside, others.get(source, nowhere), (), source))
        else:
            found.append(_problem(_spelled(finding, root, spelling), locate, root, file))
    ordered = sorted(
        found, key=lambda problem: (problem.file != file, problem.line or 0, problem.column or 0)
    )
    if len(once) <= MAX_PROBLEMS:
        return tuple(ordered)
    more = f"{len(once) - MAX_PROBLEMS} more problems were found"
    gravest = "error" if any(finding.refused_at for finding in once) else "warning"
    return (*ordered, Problem(code=Code.TOO_BIG.value, severity=gravest, message=more, file=file))


def _said(finding: Finding) -> object:
    """Return what a finding says; where it is refused for it may be found in several ways."""
    return finding.code, finding.message, finding.path, finding.hint, finding.position, finding.severity


def _shows(finding: Finding, root: Path, spelling: Spelling) -> bool:
    """Tell whether a finding is shown: what is said of a spelling only where it is known."""
    return finding.code is not Code.RESPELLED or _spelling(finding, root, spelling) is not None


def _spelled(finding: Finding, root: Path, spelling: Spelling) -> Finding:
    if not isinstance(finding.hint, Quote):
        return finding
    return replace(finding, hint=finding.hint.spelled(_spelling(finding, root, spelling)))


def _spelling(finding: Finding, root: Path, spelling: Spelling) -> str | None:
    path = root + finding.path
    return spelling(path) or spelling((*path, "value"))  # a param's finding stands at the param


def _problem(finding: Finding, locate: Locate, root: Path, file: str | None) -> Problem:
    path = root + finding.path
    line, column = finding.position or _place(finding, path, locate) or (None, None)
    return Problem(
        code=finding.code.value,
        severity=finding.severity,
        message=_shortened(finding.message),
        path=_shortened(path_text(path)),
        file=file,
        line=line,
        column=column,
        hint=_shortened(str(finding.hint)),
    )


def _place(finding: Finding, path: Path, locate: Locate) -> Position | None:
    place = locate(path, finding.at_key)
    if finding.code is not Code.DUPLICATE_NAME or path[-1:] != ("name",) or place is None:
        return place
    # The name may come from before by an alias, and so be the very one that is repeated.
    return max(place, locate(path[:-1], True) or place)


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]} …"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest known word, or an empty one."""
    near = nearest(word, known)
    return f"did you mean `{near}`?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most like another, if one is like it at all.

    Of very many words only those are compared that begin alike.
    """
    words = sorted(islice(known, _MOST))
    if len(words) > _MANY:
        at = bisect(words, word)
        words = words[max(0, at - _MANY // 2) : at + _MANY // 2]
    near = get_close_matches(word[:100], words, n=_BEST, cutoff=0.6)
    return max(near, key=lambda one: _nearness(word, one), default=None)


def _nearness(word: str, other: str) -> tuple[float, int, bool]:
    """Return how near a word is: of words that are equally like it, that which begins like it is nearer.

    Then names: who writes `project` means `project_name` rather than `project_uuid`.
    """
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(word, other, strict=False))
    return SequenceMatcher(None, other, word).ratio(), len([*alike]), other == f"{word}_name"


_BEST: Final = 5
"""Words that are compared more closely."""


_MOST: Final = 5000
"""Words that are looked at: sorting them takes a millisecond."""
_MANY: Final = 60
"""Words that are compared, which takes up to 50 µs for each."""

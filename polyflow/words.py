"""Words that some fields of runs can have: whoever looks for any other has mistyped it, and finds nothing."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from polyflow_shared.language import pql
from polyflow_shared.language.findings import did_you_mean
from polyflow_shared.read_model.views import INTERRUPTED
from polyflow_topics.origins import OriginKind
from polyflow_topics.status import Pending

_WORDS: Final[Mapping[str, Sequence[str]]] = {
    **pql.WORDS,
    "cloning_kind": get_args(OriginKind),
    "pending": tuple(pending.value for pending in Pending),
}


def check_query(query: pql.Query) -> None:
    """Do nothing where all words of a query are such that something can be found by them.

    Raises:
        PqlError: one is not.
    """
    for condition in pql.conditions(query):
        words = _WORDS.get(condition.field, ())
        for value in condition.values if words and condition.operator is pql.Operator.IN else ():
            if value not in words:
                hint = did_you_mean(value, words) or _known(words)
                if value == INTERRUPTED and condition.field == "status":
                    hint = "such runs are found by `--status interrupted`"
                raise pql.PqlError(f"no `{condition.field}` is `{value}`", condition.column, hint)


def wrong_status(status: str) -> str:
    """Return what is wrong with a status that there is not, as a sentence; nothing for any other."""
    known = (*pql.WORDS["status"], INTERRUPTED)
    return (
        "" if status in known else f"no status is `{status}`; {did_you_mean(status, known) or _known(known)}"
    )


def _known(words: Sequence[str]) -> str:
    return f"it is one of {', '.join(words)}"

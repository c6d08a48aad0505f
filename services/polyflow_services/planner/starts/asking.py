"""What a run asks about other runs before it begins.

These are joins, and refs to `runs.UUID`, at the top of its specification.  What is found is among the run's
params: its condition may name it, and operations of its DAG read it there.  Of a run that is one operation,
or a matrix, it is the answer to that operation's own questions as well.
"""

import msgspec

from polyflow_services.planner.ends.endings import End
from polyflow_services.planner.rows import keys
from polyflow_services.planner.rows.kept import AnswersRow
from polyflow_services.planner.starts import queries
from polyflow_services.planner.turn import Turn
from polyflow_topics.message import Values
from polyflow_topics.names import THE_RUN
from polyflow_topics.plan import PlannedAsking
from polyflow_topics.queries import RunsFound
from polyflow_topics.status import Status


def asks(turn: Turn) -> bool:
    """Tell whether the run asks anything before it begins."""
    return turn.find(keys.asks_key(turn.run)) is not None


def waits(turn: Turn) -> bool:
    """Tell whether the run does not begin because there is no answer yet."""
    run = turn.find_run()
    if run is None or run.status is not Status.CREATED:
        return False
    row = turn.find_of(keys.answers_key(turn.run, THE_RUN), AnswersRow)
    return row is not None and row.waiting


def ask(turn: Turn) -> End | None:
    """Ask what the run has to ask, also again; return how it ends where that cannot be asked."""
    turn.put_alone(keys.answers_key(turn.run, THE_RUN), AnswersRow())
    return queries.asked(turn, THE_RUN, _planned(turn), turn.head().name)


def take(turn: Turn, event: RunsFound) -> End | None:
    """Take in the answers that the run waits for; return how it ends where they are of no use."""
    values = queries.read(_planned(turn), event.answers)
    if isinstance(values, End):
        return values
    row = AnswersRow(msgspec.Raw(msgspec.json.encode(values)), waiting=False)
    turn.put_alone(keys.answers_key(turn.run, THE_RUN), row)
    params = turn.document(keys.params_key(turn.run)) or {}
    turn.put_document(keys.params_key(turn.run), {**params, **values})
    if turn.operation(0).asks and turn.head().kind != "dag":
        turn.put_alone(keys.answers_key(turn.run, 0), row)
    return None


def found(turn: Turn) -> Values:
    """Return what the run has found, by the names of its params."""
    row = turn.find_of(keys.answers_key(turn.run, THE_RUN), AnswersRow)
    return {} if row is None else msgspec.json.decode(row.values)


def forget(turn: Turn) -> None:
    """Remove what the run has asked and found."""
    for key in (keys.asks_key(turn.run), keys.answers_key(turn.run, THE_RUN)):
        if turn.find(key) is not None:
            turn.remove(key)


def _planned(turn: Turn) -> PlannedAsking:
    return PlannedAsking.model_validate(turn.document(keys.asks_key(turn.run)))

"""What is kept of measurements: the last value of each metric of an operation, whatever the order."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from polyflow_services.projector.core import project
from polyflow_shared.read_model.search import Search
from polyflow_shared.read_model.sqlite import SqliteReadModel
from polyflow_topics.metrics import MetricsLogged
from polyflow_topics.names import OperationName
from tests.unit.read_model.test_search import STORY, SWEEP

AT = datetime(2026, 3, 14, tzinfo=UTC)


def measured(operation: str, attempt: int, line: int, loss: float) -> MetricsLogged:
    return MetricsLogged(
        run=SWEEP,
        operation=OperationName(operation),
        attempt=attempt,
        line=line,
        values={"val_loss": loss},
        at=AT + timedelta(seconds=100 * attempt + line),
    )


OF_A = [measured("a", 0, 7, 0.9), measured("a", 1, 0, 0.5), measured("a", 1, 1, 0.25)]


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_the_last_measurement_counts_in_any_order_and_however_often(order: tuple[int, ...]) -> None:
    model = SqliteReadModel.open(Path(":memory:"))
    model.apply(project(STORY))
    for place in (*order, *order):
        model.apply(project([OF_A[place]]))
    search = Search(query="metrics.val_loss: ~nil", columns=["name", "metrics.val_loss"])
    assert {entry.shown[1] for entry in model.search(search)} == {"0.25"}
    assert [entry.run for entry in model.search(Search(query="metrics.val_loss: <0.3", runs_only=True))] == [
        SWEEP
    ]
    assert not list(model.search(Search(query="metrics.val_loss: >0.3")))
    model.close()

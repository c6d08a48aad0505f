import json
import math
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from polyflow import tracking


@pytest.fixture
def metrics(tmp_path, monkeypatch):
    monkeypatch.setenv("POLYFLOW_METRICS", str(tmp_path / "metrics.jsonl"))
    return lambda: [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("POLYFLOW_OUTPUTS", str(tmp_path / "outputs.json"))
    return lambda: json.loads((tmp_path / "outputs.json").read_text())


def test_each_call_is_a_line_with_its_step_and_moment(metrics):
    tracking.log_metrics(step=1, loss=0.5, accuracy=0)
    tracking.log_metrics(loss=0.25)
    first, second = metrics()
    assert first["values"] == {"loss": 0.5, "accuracy": 0.0}
    assert (first["step"], second["step"]) == (1, None)
    assert second["at"] >= first["at"] > 1.7e9


@pytest.mark.parametrize("value", [np.float32(0.5), np.int64(2), np.array(0.25), np.array([3.0]), True])
def test_scalars_of_libraries_are_numbers(metrics, value):
    tracking.log_metrics(step=np.int64(3), loss=value)
    assert metrics()[0]["values"] == {"loss": float(np.asarray(value).item())}
    assert metrics()[0]["step"] == 3


def test_a_loss_that_is_not_a_number_is_reported_as_such(metrics):
    tracking.log_metrics(loss=float("nan"))
    assert math.isnan(metrics()[0]["values"]["loss"])


@pytest.mark.parametrize("value", ["0.5", None, [1], np.array([1, 2])])
def test_what_is_no_number_is_refused_by_name(metrics, value):
    with pytest.raises(TypeError, match="metric 'loss' is no number"):
        tracking.log_metrics(loss=value)


def test_a_step_between_two_steps_is_refused(metrics):
    with pytest.raises(TypeError, match="the step is no integer"):
        tracking.log_metrics(step=1.5, loss=1)


def test_outputs_of_several_calls_are_one_object(outputs):
    tracking.log_outputs(zero=0, no=False)
    tracking.log_outputs(empty="", zero=1)
    assert outputs() == {"zero": 1, "no": False, "empty": ""}


def test_paths_and_arrays_are_turned_into_json(outputs):
    tracking.log_outputs(file=Path("a/b"), best=np.float32(0.5), table=np.eye(2))
    assert outputs() == {"file": "a/b", "best": 0.5, "table": [[1.0, 0.0], [0.0, 1.0]]}


@pytest.mark.parametrize("value", [float("nan"), [float("inf")]])
def test_outputs_that_json_does_not_know_are_refused(outputs, value):
    tracking.log_outputs(good=1)
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        tracking.log_outputs(bad=value)
    assert outputs() == {"good": 1}


def test_outputs_that_are_too_large_together_are_refused_with_their_size(outputs):
    tracking.log_outputs(first="x" * 40_000)
    with pytest.raises(ValueError, match="80027 bytes, and 65536 is the limit"):
        tracking.log_outputs(second="x" * 40_000)
    assert list(outputs()) == ["first"]


def test_an_object_without_a_form_in_json_is_refused(outputs):
    with pytest.raises(TypeError, match="type object has no form in JSON"):
        tracking.log_outputs(model=object())


def test_threads_do_not_lose_each_others_outputs(outputs):
    threads = [threading.Thread(target=tracking.log_outputs, kwargs={f"o{i}": i}) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs() == {f"o{i}": i for i in range(20)}


def test_outside_of_a_run_nothing_is_written_and_values_are_checked_all_the_same(tmp_path, monkeypatch):
    monkeypatch.delenv("POLYFLOW_METRICS", raising=False)
    monkeypatch.delenv("POLYFLOW_OUTPUTS", raising=False)
    monkeypatch.chdir(tmp_path)
    tracking.log_metrics(loss=1)
    tracking.log_outputs(best=1)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(TypeError):
        tracking.log_metrics(loss="high")
    with pytest.raises(ValueError, match="JSON"):
        tracking.log_outputs(loss=float("nan"))


def test_importing_it_imports_nothing_large():
    told = subprocess.run(
        [sys.executable, "-c", "import sys; from polyflow import tracking; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(told.stdout.split())
    assert "polyflow.tracking" in loaded
    assert not {"asyncio", "pydantic", "numpy", "polyflow_topics", "polyflow_shared"} & loaded

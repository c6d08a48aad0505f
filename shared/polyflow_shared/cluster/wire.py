"""Pods, reports and measurements as JSON objects: for the socket and for the ledger."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from polyflow_shared.cluster.port import Measurement, Pod, PodReport, Seen
from polyflow_topics.plan import Container
from polyflow_topics.pods import PodParts
from polyflow_topics.status import PodStatus

_POD: Final = tuple(field.name for field in fields(Pod))
_REPORT: Final = tuple(field.name for field in fields(PodReport))
_MEASUREMENT: Final = tuple(field.name for field in fields(Measurement))


def write_pod(pod: Pod) -> dict[str, Any]:
    """Return the pod's JSON form."""
    parts = pod.parts.model_dump(exclude_defaults=True)
    return {**_written(pod, _POD), "container": pod.container.model_dump(), "parts": parts}


def read_pod(form: Mapping[str, Any]) -> Pod:
    """Return the pod with this JSON form."""
    container = Container.model_validate(form["container"])
    parts = PodParts.model_validate(form.get("parts", {}))
    return Pod(**{**_known(form, _POD), "container": container, "parts": parts})


def write_report(report: PodReport) -> dict[str, Any]:
    """Return the report's JSON form."""
    return {**_written(report, _REPORT), "at": report.at.isoformat()}


def read_report(form: Mapping[str, Any]) -> PodReport:
    """Return the report with this JSON form."""
    return PodReport(**{**_known(form, _REPORT), "status": PodStatus(form["status"]), "at": _moment(form)})


def write_seen(seen: Seen) -> dict[str, Any]:
    """Return the JSON form of a report or a measurement."""
    if isinstance(seen, PodReport):
        return write_report(seen)
    return {**_written(seen, _MEASUREMENT), "at": seen.at.isoformat()}


def read_seen(form: Mapping[str, Any]) -> Seen:
    """Return the report or the measurement with this JSON form."""
    if "status" in form:
        return read_report(form)
    return Measurement(**{**_known(form, _MEASUREMENT), "at": _moment(form)})


def _written(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _known(form: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what this release knows of a form that a newer one may have written."""
    return {name: form[name] for name in names if name in form}


def _moment(form: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(form["at"])

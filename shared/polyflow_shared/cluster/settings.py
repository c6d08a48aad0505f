"""The process cluster's knobs."""

from pathlib import Path

from polyflow_shared.hosting.settings import ClusterPlaceSettings, Place


class ProcessClusterSettings(ClusterPlaceSettings):
    """Every knob, its unit and its default.

    What it must know after it was killed is kept beside its socket, in a file that ends in `.ledger`.
    """

    workdir: Place = Path()
    """Where operations start whose container names no folder; where the cluster was started, if not given."""

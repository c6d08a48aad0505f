"""What a specification is compiled with: all that is known of where it is to be run."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from polyflow_services.spec_validator.fields.connections import Granted
from polyflow_services.spec_validator.layers.composed import HERE, Layer
from polyflow_shared.declared.queues import Queues
from polyflow_shared.language.findings import Finding, Locate
from polyflow_shared.language.references import Reference
from polyflow_shared.language.schema import Specification
from polyflow_shared.language.sources import NOTHING, Sources

CLUSTERS: Final = frozenset({"local"})
"""Names of the clusters that there are when nothing else is set."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a specification is compiled with.

    Attributes:
        params: values for its inputs, by name.
        clusters: names of the clusters that there are.
        sources: what references lead to.
        owner: the document that the specification is.
        presets: layers over it, in their order.
        findings: what is wrong with the presets, by paths into them.
        connections: those that may be used; None where that is not known.
        queues: those of the installation.
        of_queues: the presets of queues, by their names, or why they cannot be used.
        project: whose the request is.
        verbatim: names of params at its top whose values are no templates.
        locates: how to find positions in the presets, by their names.
        laid_over: the presets as they were read, by their names.
    """

    params: Mapping[str, JsonValue] = field(default_factory=dict)
    clusters: frozenset[str] = CLUSTERS
    sources: Sources = NOTHING
    owner: Reference = HERE
    presets: Sequence[Layer] = ()
    findings: Sequence[Finding] = ()
    connections: Granted | None = None
    queues: Queues = field(default_factory=Queues)
    of_queues: Mapping[str, Layer | Finding] = field(default_factory=dict)
    project: str = "default"
    verbatim: Collection[str] = ()
    locates: Mapping[str, Locate] = field(default_factory=dict)
    laid_over: Mapping[str, Specification] = field(default_factory=dict)

    def read_from(self, source: str) -> Specification | None:
        """Return another document's models, by the source that paths into it begin with."""
        return self.laid_over.get(source) or self.sources.specification(source)

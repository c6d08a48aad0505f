"""Where an installation's pods are, and how they are told from others."""

from collections.abc import Sequence
from dataclasses import dataclass

from polyflow_shared.cluster.kubernetes.pods import names
from polyflow_shared.stated.tokens import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where pods are.

    Attributes:
        namespaces: those that pods may be in; new ones go to the first if they do not say.
        installation: tells our pods from those of another polyflow on the same cluster.
        shards: numbers of the shards whose pods are followed; all of them if none is given.
        gateway: where pods send outputs and metrics; none where they cannot.
    """

    namespaces: Sequence[str] = ("default",)
    installation: str = "polyflow"
    gateway: Gateway | None = None
    shards: Sequence[int] = ()

    @property
    def ours(self) -> str:
        """The selector of our pods."""
        return f"{names.INSTALLATION}={names.label_value(self.installation)}"

    @property
    def followed(self) -> str:
        """The selector of our pods that were not released."""
        numbers = ",".join(str(number) for number in sorted(self.shards))
        some = f",{names.SHARD} in ({numbers})" if numbers else ""
        return f"{self.ours},{names.TRACKED}={names.YES}{some}"

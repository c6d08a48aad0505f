"""What a broken promise is, and how strictly promises are taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.verifier.log import Place


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise."""

    invariant: str
    """`I1` to `I11`."""
    run: str
    operation: str
    """The operation's name, or nothing where it is about the run."""
    places: Sequence[Place]
    """The records that show it."""
    text: str
    """What was promised, and what was seen."""

    def __str__(self) -> str:
        where = " ".join(str(place) for place in self.places)
        return f"{self.invariant} {self.run} {self.operation or '-'}: {self.text} [{where}]"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the installation was set to, as long as the log goes on.

    Attributes:
        operations: that run at once, of those that ask admission; None is any number.
        queues: the same of one queue, by its name.
    """

    operations: int | None = None
    queues: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Strictness:
    """What else the log must show.

    Attributes:
        complete: the log goes on until nothing moves any more: everything accepted has ended, every command
            was answered, every pod was released.
        settle: seconds after the end of an operation in which its pod may still live.
        hand_over: seconds from a pod's end to the event that says so, from there to the launches that it
            releases, and from a launch to its pod; None where faults take longer.
        losses: attempts of one operation that the infrastructure may lose.
        early: seconds by which a timer may fire too early, for clocks are wrong.
        limits: of queues and of the installation.
    """

    complete: bool = True
    settle: float = 30.0
    hand_over: float | None = None
    losses: int = 3
    early: float = 0.0
    limits: Limits = field(default_factory=Limits)

"""What can go wrong in a world, and how often.  Each seed draws a few of them and leaves the others out."""

from dataclasses import dataclass, replace
from random import Random

from polyflow_services.planner.turn import OUTPUTS_WAIT


@dataclass(frozen=True)
class Faults:
    """Rates are chances (0 to 1) each time that it could happen; times are seconds."""

    slow: float = 0.02
    """The longest that a step usually takes."""
    very_slow: float = 0.0
    """The longest that one in thirty steps takes."""
    kill: float = 0.0
    """A service dies at a step, before or after it had its effect."""
    restart: float = 5.0
    """The longest until it is back."""
    freeze: float = 0.0
    """A service stands still at a step, longer than its session perhaps."""
    send_fails: float = 0.0
    """A send is not acknowledged: nothing, all or some of it was written."""
    doubled: float = 0.0
    """What is sent is written twice."""
    spread: float = 0.0
    """What is sent is not written to all partitions at once."""
    broker_fails: float = 0.0
    """Reading or committing fails; a commit may have succeeded."""
    rebalance: float = 0.0
    """Seconds between two rebalances of some group; 0 is never."""
    stall: float = 0.0
    """The longest that a partition cannot be read."""
    cluster_fails: float = 0.0
    """A call to the cluster fails, or says so though it has succeeded."""
    watch_gap: float = 0.0
    """A watch loses what happens until it lists again."""
    watch_twice: float = 0.0
    """A watch says something again."""
    watch_late: float = 0.0
    """The longest that a watch is behind."""
    pods_lost: float = 0.0
    """A pod is lost: its node is gone, it is evicted, somebody deletes it."""
    node_dies: float = 0.0
    """Seconds between two deaths of a node; 0 is never."""
    statements_late: float = 0.0
    """The longest that acknowledged outputs take to be where the planner reads them."""
    throttled: float = 0.0
    """Seconds between two calls that the cluster takes of all services together."""
    clock_jumps: float = 0.0
    """Seconds between two jumps of the clock of a service; 0 is never."""

    @property
    def patience(self) -> float | None:
        """Seconds that the world may take from one thing to the next; None where nobody can say.

        A member that joins a group may end another one's session, even where nothing else goes wrong.
        """
        if any(getattr(self, name) for name in _DELAYING):
            return None
        gap = 60.0 if self.watch_gap else 0.0
        awaited = min(self.statements_late, OUTPUTS_WAIT)
        return 15.0 + self.restart + gap + 5 * self.watch_late + 30 * self.very_slow + awaited

    def healed(self) -> "Faults":
        """Return a world in which nothing goes wrong any more."""
        return Faults(slow=self.slow)


_DELAYING = (
    "kill",
    "freeze",
    "send_fails",
    "broker_fails",
    "rebalance",
    "stall",
    "cluster_fails",
    "throttled",
    "clock_jumps",
)
_MENU = {
    "very_slow": (0.2, 2.0, 20.0),
    "kill": (0.002, 0.01, 0.05),
    "freeze": (0.001, 0.005),
    "send_fails": (0.01, 0.05, 0.2),
    "doubled": (0.1, 0.5, 1.0),
    "spread": (0.1, 0.5),
    "broker_fails": (0.01, 0.1),
    "rebalance": (1.0, 5.0),
    "stall": (5.0, 5.0, 120.0, 120.0, 900.0),
    "cluster_fails": (0.05, 0.3),
    "watch_gap": (0.05, 0.3),
    "watch_twice": (0.1, 0.5),
    "watch_late": (1.0, 30.0),
    "pods_lost": (0.05, 0.3),
    "node_dies": (20.0,),
    "statements_late": (5.0, 90.0),
    "throttled": (0.05, 0.5),
    "clock_jumps": (5.0,),
}


def draw(rng: Random) -> Faults:
    """Return the faults of a world: none, some that delay nothing for long, or one to five of any kind."""
    kind = rng.random()
    if kind < 0.05:
        return Faults()
    if kind < 0.3:
        return replace(Faults(), **_drawn(rng, [name for name in _MENU if name not in _DELAYING], 4))
    drawn = _drawn(rng, list(_MENU), 5)
    return replace(Faults(restart=rng.choice((1.0, 5.0, 40.0, 200.0))), **drawn)


def _drawn(rng: Random, names: list[str], most: int) -> dict[str, float]:
    return {name: rng.choice(_MENU[name]) for name in rng.sample(names, rng.randint(1, most))}

"""The field `resources`: what a container asks for and may use at most, in one short value each."""

import re
from decimal import Decimal
from typing import Final

from pydantic import StrictFloat, StrictInt

from polyflow_shared.language.models.base import broken_rule

Amount = StrictInt | StrictFloat | str
GPU: Final = "gpu"
NVIDIA_GPU: Final = "nvidia.com/gpu"
"""What Kubernetes calls a `gpu`."""

_QUANTITY: Final = re.compile(
    r"([0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?"
)
"""Source: Kubernetes' resource.Quantity, without what is negative."""
_COUNT: Final = re.compile("[0-9]{1,18}")
_POWERS: Final = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = "KMGTPE"


def checked(resources: dict[str, Amount]) -> dict[str, Amount]:
    """Return resources whose names and amounts are right.

    Raises:
        PydanticCustomError: one of them is not.
    """
    for name, amount in resources.items():
        if name == NVIDIA_GPU:
            raise broken_rule(f"`{NVIDIA_GPU}` is called `{GPU}` here", at=name)
        if name not in ("cpu", "memory", GPU) and "/" not in name:
            raise broken_rule(f"there is no resource `{name}`; there are cpu, memory, gpu", at=name)
        request_and_limit(name, amount)
    return resources


def request_and_limit(name: str, amount: Amount) -> tuple[str | None, str | None]:
    """Return what is asked for of a resource, and what may be used at most; None where that is not said.

    Args:
        name: cpu, memory, or what is counted: gpu, or a device such as `google.com/tpu`.
        amount: `request`, `request..limit`, `request..` or `..limit`; a count alone is both.

    Raises:
        PydanticCustomError: it is no such amount.
    """
    low, dots, high = (part.strip() for part in str(amount).partition(".."))
    counted = name not in ("cpu", "memory")
    form = _COUNT if counted else _QUANTITY
    if not (low or high) or not all(form.fullmatch(part) for part in (low, high) if part):
        wanted = "a count such as `1`" if counted else "an amount such as `1`, `500m` or `2Gi`"
        raise broken_rule(f"`{name}`: this should be {wanted}, or two with `..` between", at=name)
    if low and high and _number(low) > _number(high):
        raise broken_rule(f"`{name}`: more is asked for than may be used", at=name)
    if not dots and counted:
        high = low
    return low or None, high or None


def _number(quantity: str) -> Decimal:
    match = _QUANTITY.fullmatch(quantity)
    assert match is not None
    number, unit = Decimal(match[1]), match[2] or ""
    if unit.endswith("i"):
        return number * Decimal(1024) ** (_BINARY.index(unit[0]) + 1)
    power = int(unit[1:]) if len(unit) > 1 else _POWERS.get(unit, 0)
    return number.scaleb(power)

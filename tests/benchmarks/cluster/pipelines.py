"""The pipelines of the figures; their pods end as soon as a fake node has them."""

_RUN = "run: {kind: job, container: {image: fake, command: ['true']}}"
_HANG = "environment: {labels: {testbed.polyflow.io/fate: hang}}"

ONE = f"name: one\n{_RUN}"
ENDLESS = f"name: endless\n{_HANG}\n{_RUN}"


def chain(length: int) -> str:
    """One operation after the other."""
    return _dag(_operation(n, *([n - 1] if n else [])) for n in range(length))


def flat(width: int) -> str:
    """Operations that wait for nothing."""
    return _dag(_operation(n) for n in range(width))


def fan(width: int) -> str:
    """One, then so many, then one."""
    middle = range(1, width + 1)
    return _dag([_operation(0), *(_operation(n, 0) for n in middle), _operation(width + 1, *middle)])


def _dag(operations) -> str:
    return "name: bench\nrun:\n  kind: dag\n  operations:\n" + "".join(f"  - {each}\n" for each in operations)


def _operation(number: int, *upstreams: int) -> str:
    waits = ", ".join(f"o{upstream}" for upstream in upstreams)
    return f"{{name: o{number}, dependencies: [{waits}], {_RUN}}}"

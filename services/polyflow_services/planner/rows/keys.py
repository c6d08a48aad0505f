"""The keys of the planner's rows; those of `claims` and of `event_edges` stand beside their rows."""


def run_key(run: str) -> str:
    """Return the key of the run's counters."""
    return f"{run}/run"


def run_of(key: str) -> str | None:
    """Return the run whose counters are kept by a key; None of any other: also a DAG may be called `run`."""
    run, _, rest = key.partition("/")
    return run if rest == "run" else None


def head_key(run: str) -> str:
    """Return the key of what the request said of itself."""
    return f"{run}/head"


def params_key(run: str) -> str:
    """Return the key of the request's params."""
    return f"{run}/params"


def condition_key(run: str) -> str:
    """Return the key of the run's condition."""
    return f"{run}/condition"


def asks_key(run: str) -> str:
    """Return the key of what the run asks about other runs."""
    return f"{run}/asks"


def policies_key(run: str) -> str:
    """Return the key of the run's metric policies."""
    return f"{run}/policies"


def operation_key(run: str, index: int) -> str:
    """Return the key of an operation's status and counters."""
    return f"{run}/operation/{index}"


def plan_key(run: str, index: int) -> str:
    """Return the key of what the plan says of an operation."""
    return f"{run}/plan/{index}"


def outputs_key(run: str, index: int) -> str:
    """Return the key of an operation's outputs."""
    return f"{run}/outputs/{index}"


def arrived_key(run: str, index: int) -> str:
    """Return the key of the outputs that an attempt of an operation has stated so far."""
    return f"{run}/arrived/{index}"


def held_key(run: str, index: int) -> str:
    """Return the key of an operation's end that waits for its outputs."""
    return f"{run}/held/{index}"


def edges_key(run: str, source: int, opening: bool, chunk: int) -> str:
    """Return the key of a chunk of edges."""
    return f"{run}/{'opens' if opening else 'edges'}/{source}/{chunk}"


def scope_key(run: str, number: int) -> str:
    """Return the key of a scope's counters."""
    return f"{run}/scope/{number}"


def scope_plan_key(run: str, number: int) -> str:
    """Return the key of what the plan says of a scope."""
    return f"{run}/scope-plan/{number}"


def scope_number_key(run: str, name: str) -> str:
    """Return the key of a scope's number by its name."""
    return f"{run}/scope-number/{name}"


def stop_key(run: str) -> str:
    """Return the key of a stop that came before its run."""
    return f"{run}/stop"


def stub_key(run: str) -> str:
    """Return the key of what is left of an ended run."""
    return f"{run}/stub"


def timer_key(run: str, name: str) -> str:
    """Return the key of a timer."""
    return f"{run}/timer/{name}"


def told_key(run: str, index: int) -> str:
    """Return the key of what other operations read of one."""
    return f"{run}/told/{index}"


def answers_key(run: str, index: int) -> str:
    """Return the key of what an operation, or (-1) the run, has asked about other runs."""
    return f"{run}/answers/{index}"


def ended_key(run: str, index: int) -> str:
    """Return the key of how an operation has ended in the run that this one comes from."""
    return f"{run}/ended/{index}"


def resume_key(run: str) -> str:
    """Return the key of a plan that waits for a run to be put away."""
    return f"{run}/resume"


def stopping_key(run: str, index: int) -> str:
    """Return the key of why an operation was told to end, where it alone was."""
    return f"{run}/stopping/{index}"


def early_key(run: str, place: int) -> str:
    """Return the key of a request that came before its run had begun."""
    return f"{run}/early/{place}"


def answered_key(run: str, request: str) -> str:
    """Return the key of a request that was answered, by KIND/ID; empty for where the chain begins."""
    return f"{run}/answered/{request}"


def hook_key(run: str, owner: int, place: int) -> str:
    """Return the key of a hook of an operation, or (-1) of the run."""
    return f"{run}/hook/{owner}/{place}"

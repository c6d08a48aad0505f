"""Steps through a run's operations, each bounded: to what waits for an end, through a scope, to a name."""

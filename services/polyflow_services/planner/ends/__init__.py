"""How operations, scopes and runs end, and the runs that follow an end."""

"""How operations lead to each other: edges, refs, and what is declared of inputs and outputs."""

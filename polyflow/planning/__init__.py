"""What `polyflow plan` shows of a specification: its graph, and when what would start.

`graph.py` takes the graph from what a check has compiled; `waves.py` simulates the schedule; `tree.py`,
`order.py`, `mermaid.py`, `dot.py` and `gantt.py` draw.  All pure.
"""

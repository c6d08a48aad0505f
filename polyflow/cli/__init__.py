"""The command line.  `main.py` names the commands; each is imported only when it is called.

- `starting/`: begin a run, from a file or from an earlier run, and follow it to its end.
- `runs/`: ask about runs, and operate those that go on.
- `files/`: what is done with specifications alone.
- `installation/`: services, topics and clusters.
- `terminal/`: what commands share: options, words, colours, problems, and output that nobody reads.
"""

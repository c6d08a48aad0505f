"""What the services share.  A service imports from here and from the topics, never from another service.

In the order of who knows whom:

- `cluster/`: where pods run; `declared/`: what an installation declares; `references/`: files, hubs, the web.
- `hosting/`: a service as a process.
- `loops/`: what services run in; `machine/`: runs of this machine.
- `broker/`: where messages are; `read_model/`: what is known of runs; `deciding/`: what cores are made of.
- `observing/`: metrics, logs, health; `language/`: the operation language; `stated/`: what programs say.
- `clock.py`, `errors.py`, and `variables.py` (`$(NAME)` in what a container is given).
"""

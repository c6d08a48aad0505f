"""What the services share: ports and their adapters, the loops that run a service, and the language.

A service imports from here and from the topics, never from another service.
"""

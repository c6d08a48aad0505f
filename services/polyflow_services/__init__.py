"""The services: each a folder with a pure core, its effect or its rows, its settings, and a `__main__`.

A service imports the topics and what is shared, never another service.
"""

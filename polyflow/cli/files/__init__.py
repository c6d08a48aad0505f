"""Commands about specifications, which run nothing.

- `check.py`: what is wrong; `sarif.py`: the same for editors and code hosts.
- `plan.py`: what would run; `schema.py`: the language as a JSON Schema; `migrate.py`: today's spelling.
- `hub.py`: components that `hubRef` finds; `adding.py`: what is asked of a new one.
"""

"""What our pods are made of, and what they say: values from values.  Pure.

`names.py` (what pods are called and marked with), `manifest.py` and `serving.py` (what the API server is
sent) and `objects.py` (what it answers: whose a pod is, how it stands, when it may go); `termination.py`
reads a container's last word, `reasons.py` with `failures/` says why a pod failed or does not start.  Nothing
here knows the modules above it, which ask the API server.
"""

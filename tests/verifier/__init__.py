"""The offline verifier: reads what was said and which pods there were, and names every broken promise.

It knows no service and no adapter; what it judges may come from the simulator, from Kafka and an API server's
audit log, or from files.  Start reading in `verify.py`.
"""

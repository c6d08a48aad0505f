"""What an operation's own code calls: metrics while it runs, outputs for those that come after it.

On this machine they go to files that polyflow reads; on Kubernetes to the gateway: outputs before the call
returns, metrics in the background.  Standard library only, and quick to import.  Outside of a run both
functions check what they are given, as they would inside of one, and then do nothing: the same script runs by
hand.

`stating.py` is where to start; `delivery.py` brings both to the gateway (`polyflow/gateway.py`), `tally.py`
counts what the processes of one attempt have sent together.
"""

from polyflow.tracking.stating import MAX_MESSAGE_BYTES, MAX_OUTPUT_BYTES, log_metrics, log_outputs

__all__ = ["MAX_MESSAGE_BYTES", "MAX_OUTPUT_BYTES", "log_metrics", "log_outputs"]

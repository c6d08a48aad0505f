"""The offline verifier: reads what was said and which pods there were, and names every broken promise.

It knows no service and no adapter; what it judges may come from the simulator, from Kafka and an API server's
audit log, or from files.  Start reading in `verify.py`.

* I1: every request becomes one run or is refused, whatever comes twice; every run has one end.
* I2: per run, operation and attempt there is at most one pod, ever.
* I3: nothing starts before its trigger allows it; pods begin after the ends of those that they wait for.
* I4: statuses go forward, attempts count up by one, and nothing follows a final status.
* I5: what ends is heard, and what it releases is launched, within a bounded time.  Judged where faults take none.
* I6: no pod outlives its operation by more than the time to settle; in the end every pod is released.
* I7: limits hold: of scopes, queues and the installation; of equal operations one is executed at a time.
* I8: when all is over no rows are left.
* I9: nothing is lost: what was asked for has an effect or an answer, what cannot be read is set aside, stated
  outputs are those that the operation has.
* I10: the events of a run are numbered without a gap, and one number has one content.
* I11: attempts are given up and made anew as the specification says: retries, backoff, exit codes, lost pods.
"""

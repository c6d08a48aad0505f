"""The test bed: real servers for tests, demos and benchmarks, on this machine, without Docker.

`python -m tests.testbed kafka start` starts Apache Kafka and prints its address; see `__main__.py`.
"""

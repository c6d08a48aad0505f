"""Commands of an installation: `serve.py` (services), `topics.py` (Kafka), `cluster.py` (Kubernetes)."""

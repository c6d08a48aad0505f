"""Figures on a real Apache Kafka and a real Kubernetes API server with fake nodes, beside a bare loop."""

"""Faults of every kind, on real Kafka and a real API server; then the verifier counts broken promises."""

"""Deploying, for real: the chart against an API server, docker-compose.yml with a Docker daemon."""

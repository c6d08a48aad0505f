"""How one sees what a service does.

- `metrics.py`: every metric of every service, as data; `prometheus.py`: the meter that Prometheus reads.
- `health.py`: health, and the page that shows it beside the metrics; `logs.py`: log lines.
"""

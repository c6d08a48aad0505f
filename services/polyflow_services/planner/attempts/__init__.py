"""What becomes of what was launched: reports of the cluster, outputs, further attempts."""

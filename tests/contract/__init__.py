"""What everybody relies on: messages and topics, adapters of broker and cluster, the shape of the code."""

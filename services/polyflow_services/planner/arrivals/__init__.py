"""How a plan arrives, for a new run or for one that goes on."""

"""From a trigger that is met to the launch: the gates on the way, and the slots that are waited for."""

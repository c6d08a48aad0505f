"""Figures: what polyflow costs over a bare loop that starts the same commands, and how it scales.

`make bench` prints one table, below a line about the machine.  Nothing here is a test.
"""

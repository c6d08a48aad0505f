"""Values of inputs and outputs: `typed.py` has the types, and makes a value fit one.

`coercions.py` says what each type makes of a value, `validation.py` what values must be like beyond that.
"""

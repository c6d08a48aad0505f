"""How an operation is made of layers: the component that it runs, what it says itself, presets over it."""

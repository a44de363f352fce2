"""The matrix processing engine: weight streams, operands, the order of steps, results."""

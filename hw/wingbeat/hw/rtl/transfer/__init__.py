"""LD and ST: between memory and the scratchpads."""

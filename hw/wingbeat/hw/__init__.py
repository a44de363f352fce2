"""Hardware: the instruction set, formats, arithmetic and limits, and the generators of the RTL.

Nothing here knows what a transformer is.
"""

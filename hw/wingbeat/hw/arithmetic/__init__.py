"""The arithmetic of the accelerator, defined once, in NumPy.

The ISA machine runs these functions and the RTL equals them in every bit. All of it is IEEE-754
binary32, rounded to nearest even, with two simplifications that hardware likes: a subnormal
result is replaced by a zero of the same sign, and there is one NaN (`0x7FC00000`).
"""

"""The instruction set: declared once, from which codec, disassembler, verifier and docs follow."""

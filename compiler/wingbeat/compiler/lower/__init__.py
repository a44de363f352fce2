"""Lowering: from graph to instructions, with buffers and loops still by name."""

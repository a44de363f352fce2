"""The lanes' arithmetic as what it computes, not how: for simulations of whole models."""

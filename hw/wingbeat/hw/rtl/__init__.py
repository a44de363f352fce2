"""The accelerator in Amaranth; `docs/machine.md` is its map."""

"""The file that XRT loads onto a card, or into its emulation: an `xclbin`."""

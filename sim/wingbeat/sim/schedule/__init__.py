"""Schedulers: which ready task goes to which element, and when it is better to wait."""

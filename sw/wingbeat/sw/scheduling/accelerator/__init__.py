"""A compiled model's work as task graphs: requests on the units of an accelerator and its host."""

"""A server: many requests share one device, behind OpenAI's HTTP interface."""

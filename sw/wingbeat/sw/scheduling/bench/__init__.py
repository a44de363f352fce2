"""`wingbeat schedule bench`: all schedulers on the same streams and jobs, with intervals."""

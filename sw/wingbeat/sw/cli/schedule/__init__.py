"""`wingbeat schedule`: a job scheduled, and the commands about schedulers."""

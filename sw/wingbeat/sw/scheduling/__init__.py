"""A schedule as files that anyone can open: JSON, a Gantt picture, a timeline for Perfetto."""

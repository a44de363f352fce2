"""A lane: weight beats in, sums of products out."""

"""The graph IR: what a model computes, typed, checked between passes."""

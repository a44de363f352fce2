"""FP32 pipelines that equal `wingbeat.hw.arithmetic` in every bit."""

"""Software: devices, token streaming and the command line.

What a Python program needs is here:

    with LLM("model.gguf") as llm:
        for piece in llm.stream("Once upon a time"):
            print(piece, end="", flush=True)
"""

from wingbeat.sw.llm import LLM
from wingbeat.sw.statistics import Statistics
from wingbeat.sw.stream import Stream

__all__ = ["LLM", "Statistics", "Stream"]

"""Stream a text from the model that the tests use, then from any GGUF file.

python examples/stream.py [MODEL.gguf] [PROMPT]
"""

import sys
from pathlib import Path

from wingbeat.sw import LLM

TINY = Path(__file__).parent.parent / "tests" / "models" / "tiny.gguf"


def main() -> None:
    """Print the text as it comes, and how fast it came."""
    model = sys.argv[1] if len(sys.argv) > 1 else TINY
    prompt = sys.argv[2] if len(sys.argv) > 2 else "ROMEO."
    with LLM(model, device="isa", board="sim4") as llm:
        stream = llm.stream(prompt, max_tokens=64)
        for piece in stream:
            print(piece, end="", flush=True)
        print()
        print(f"{stream.statistics.device_cycles:,} cycles of the accelerator, by its cycle model")


if __name__ == "__main__":
    main()

"""What the generated program keeps in the scalar registers."""

from __future__ import annotations

import enum


class R(enum.IntEnum):
    """Register numbers; KNOWN to SEQUENCE are arguments of the program."""

    ZERO = 0
    KNOWN = 1  # tokens in the list: prompt, then what was generated
    POSITION = 2  # first token whose keys and values are not yet in the cache
    GENERATE = 3
    SLOT = 4
    ALL_LOGITS = 5
    SEQUENCE = 6  # tokens published so far: the ring's head

    # the step at hand
    TOKENS = 7
    LENGTH = 8  # positions in the cache after it
    TILES = 9  # of keys, for LENGTH
    GROUPS = 10  # of values, for LENGTH
    LIST = 11  # word offset of the request's token list

    # the layer at hand, in beats from the first layer
    WEIGHTS = 12
    VECTORS = 13
    CACHE = 14
    SCALES = 15

    # the part of a chunk whose attention is computed
    PART = 16
    PART_TOKENS = 17
    PART_LENGTH = 18  # positions that its first token sees
    PART_END = 19  # positions that its last token sees
    PART_TILES = 20
    PART_GROUPS = 21
    PART_QUERIES = 22
    PART_RESULTS = 23
    PART_TOTALS = 24

    # the head
    ROWS = 25  # tokens whose logits are wanted
    FIRST_ROW = 26
    BLOCK = 27
    EMIT = 28
    TOKEN = 29

    # tokens of the halves of a chunk, as long as there is no head
    FRONT = 27
    BACK = 29

    SCRATCH = 30
    SECOND = 31

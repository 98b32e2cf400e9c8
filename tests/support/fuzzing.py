"""How hard the fuzz tests try: `XIAOQ_FUZZ_TIMES=50` makes fifty times as many attempts (`make fuzz`)."""

import os

TIMES = int(os.environ.get("XIAOQ_FUZZ_TIMES", "1"))


def attempts(usual: int) -> int:
    return usual * TIMES

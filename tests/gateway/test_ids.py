"""Identifiers: never the same twice, in threads and after a fork neither."""

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.ids import in_order, is_fresh, unguessable
from core.randoms import AT_ONCE

FORKED = """
import os, sys
from core.ids import unguessable
unguessable()
child = os.fork()
for _ in range(10):
    sys.stdout.write(unguessable() + "\\n")
sys.stdout.flush()
if child:
    os.waitpid(child, 0)
else:
    os._exit(0)
"""


def test_all_differ_and_have_their_shape() -> None:
    given = [unguessable() for _ in range(3 * AT_ONCE)]
    assert len(set(given)) == len(given)
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in given)


def test_those_in_order_have_the_same_shape_and_begin_with_their_moment() -> None:
    before = time.time_ns() // 1_000_000
    given = [in_order() for _ in range(3 * AT_ONCE)]
    assert len(set(given)) == len({one[12:] for one in given}) == len(given)
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in given)
    assert all(before <= int(one[:12], 16) <= time.time_ns() // 1_000_000 for one in given)


def test_an_id_says_whether_it_was_made_just_now() -> None:
    made = in_order()
    before = f"{int(made[:12], 16) - 10_000:012x}{made[12:]}"
    assert all(is_fresh(one, 5) for one in (made, f"conv-{made}"))
    assert not any(
        is_fresh(one, 5) for one in (f"conv-{before}", f"conv-{made[:-1]}", "conv-x", "", f"{made}-x")
    )


def test_threads_get_different_ones() -> None:
    with ThreadPoolExecutor(8) as threads:
        given = [*threads.map(lambda _: unguessable(), range(10_000))]
    assert len(set(given)) == len(given)


def test_a_child_does_not_repeat_its_parent() -> None:
    root = Path(__file__).parents[2]
    printed = subprocess.run(
        [sys.executable, "-c", FORKED], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    given = printed.stdout.split()
    assert len(given) == len(set(given)) == 20

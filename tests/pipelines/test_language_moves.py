"""An automaton whose rows are read as texts come by says what it would say if all of it were there."""

import random
from array import array

from pipelines.languages.moves import SIGNS, Moves

STATES, ROWS = 60, 40


def test_it_tells_what_the_whole_table_tells_however_few_rows_are_kept() -> None:
    rng = random.Random(7)
    table = array("I", rng.choices(range(STATES), k=ROWS * SIGNS))
    rows = [*range(ROWS), *rng.choices(range(ROWS), k=STATES - ROWS)]
    outputs = array("i", rng.choices(range(-5, 20), k=STATES))
    for most in (1, 7, ROWS):
        moves = Moves(table, rows, most)
        for _ in range(20):
            text, state, expected = rng.randbytes(50), 0, list[int]()
            for sign in text:
                state = table[rows[state] * SIGNS + sign]
                expected += [outputs[state]] if outputs[state] >= 0 else []
            assert moves.told(text, outputs) == expected
        assert len({id(row) for row in moves.values()}) <= most


def test_what_is_read_once_is_kept() -> None:
    moves = Moves(array("H", range(2 * SIGNS)), [0, 1, 1])
    assert moves[2] is moves[1]
    assert moves[0][255] == 255
    assert moves[2][0] == 256

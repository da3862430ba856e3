import pytest

from duban.letters.states import AFTER_SIGNATURE, NEXT_STATES, SIDE_LABELS, STATE_LABELS, LetterState, Side


def test_tables_cover_every_word() -> None:
    assert NEXT_STATES.keys() == set(LetterState) == STATE_LABELS.keys()
    assert SIDE_LABELS.keys() == set(Side)


def test_signatures_only_lead_where_the_life_of_a_letter_allows() -> None:
    assert all(after in NEXT_STATES[before] for (before, _), after in AFTER_SIGNATURE.items())


@pytest.mark.parametrize("order", [(Side.LOWER, Side.UPPER), (Side.UPPER, Side.LOWER)])
def test_both_signatures_in_either_order_put_it_in_force(order: tuple[Side, Side]) -> None:
    state = LetterState.ISSUED
    for side in order:
        state = AFTER_SIGNATURE[state, side]

    assert state is LetterState.IN_FORCE


@pytest.mark.parametrize("state", [LetterState.DRAFT, LetterState.IN_FORCE, LetterState.WITHDRAWN])
def test_other_states_cannot_be_signed(state: LetterState) -> None:
    assert not [side for side in Side if (state, side) in AFTER_SIGNATURE]


def test_nobody_signs_twice() -> None:
    assert (LetterState.SIGNED_BY_LOWER, Side.LOWER) not in AFTER_SIGNATURE
    assert (LetterState.SIGNED_BY_UPPER, Side.UPPER) not in AFTER_SIGNATURE

"""A mapping that never changes: it says what a dictionary would, whatever is added later."""

from hypothesis import given
from hypothesis import strategies as st

from incidents.layers import THIN, Layers

keys = st.integers(min_value=0, max_value=2 * THIN)


@given(st.lists(st.tuples(keys, st.integers()), max_size=4 * THIN))
def test_it_is_what_a_dictionary_would_be(entries: list[tuple[int, int]]) -> None:
    """The order too: people read the first alerts of an incident first."""
    plain, layered = dict[int, int](), Layers[int, int]()
    for key, value in entries:
        plain[key] = value
        layered = layered.put(key, value)

    assert list(layered.items()) == list(plain.items())
    assert (len(layered), layered, repr(layered)) == (len(plain), plain, f"Layers({plain!r})")
    assert all(layered[key] == plain[key] for key in plain)
    assert layered.get(-1) is None


def test_what_it_was_stays_as_it_was() -> None:
    """A state that somebody else holds must not grow under their hands."""
    first = Layers({"a": 1})
    states = [first]
    for number in range(3 * THIN):
        states.append(states[-1].put("a" if number % 2 else f"{number}", number))

    assert first == {"a": 1}
    assert [len(one) for one in states] == [1 + (n + 1) // 2 for n in range(3 * THIN + 1)]


def test_what_is_added_shares_what_was_there() -> None:
    """Ten thousand alerts of one incident must not be copied ten thousand times."""
    many = Layers({number: number for number in range(10_000)})
    after = many.put(-1, -1)

    assert after._lower is many._lower

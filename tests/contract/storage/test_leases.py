"""Leases: one replica runs the loops, and a stale one is known by its number."""

from incidents.ports import Store


def test_one_holder_has_the_lease_until_it_gives_it_back(store: Store) -> None:
    """Two replicas with the loops would race for every row."""
    first = store.leases.acquire("desk", holder="a", seconds=60)
    renewed = store.leases.acquire("desk", holder="a", seconds=60)
    refused = store.leases.acquire("desk", holder="b", seconds=60)
    store.leases.release("desk", holder="b")
    still_refused = store.leases.acquire("desk", holder="b", seconds=60)
    store.leases.release("desk", holder="a")
    second = store.leases.acquire("desk", holder="b", seconds=60)

    assert (first, renewed, refused, still_refused, second) == (1, 1, None, None, 2)


def test_an_expired_lease_goes_to_the_next_with_a_higher_number(store: Store) -> None:
    """A replica that was frozen and wakes up is told from its successor by the number."""
    assert store.leases.acquire("desk", holder="a", seconds=0) == 1
    assert store.leases.acquire("desk", holder="b", seconds=60) == 2
    assert store.leases.acquire("desk", holder="a", seconds=60) is None


def test_taking_an_expired_lease_again_is_taking_it_anew(store: Store) -> None:
    """Between its end and now anybody could have had it: the old number must not count."""
    assert store.leases.acquire("desk", holder="a", seconds=0) == 1
    assert store.leases.acquire("desk", holder="a", seconds=60) == 2


def test_leases_of_different_names_know_nothing_of_each_other(store: Store) -> None:
    """The auditor's lease is not the desk's."""
    assert store.leases.acquire("desk", holder="a", seconds=60) == 1
    assert store.leases.acquire("auditor", holder="b", seconds=60) == 1


def test_releasing_a_lease_that_never_was_is_no_error(store: Store) -> None:
    """Stopping comes before everything was started, too."""
    store.leases.release("desk", holder="a")

    assert store.leases.acquire("desk", holder="b", seconds=60) == 1

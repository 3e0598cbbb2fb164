"""Leases: at any moment there is one holder, and its number is the highest."""

from hypothesis import given
from hypothesis import strategies as st

from storage.leases import FREE, next_lease
from tests.appends import later

steps = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 10)), max_size=30
)


@given(steps)
def test_two_holders_never_have_the_lease_at_once(story: list[tuple[str, int, int]]) -> None:
    """Each has it only from its taking to its end, and those spans do not meet."""
    lease, now = FREE, 0
    for holder, wait, seconds in story:
        now += wait
        taken = next_lease(lease, holder=holder, seconds=seconds, now=later(now))
        if lease.expires_at > later(now) and lease.holder != holder:
            assert taken is None
            continue
        assert taken is not None
        assert (taken.holder, taken.expires_at) == (holder, later(now + seconds))
        renewed = lease.expires_at > later(now)
        assert taken.fence == lease.fence + (0 if renewed else 1)
        lease = taken

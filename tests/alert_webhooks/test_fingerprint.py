"""Fingerprints as Alertmanager computes them."""

import pytest

from alert_webhooks.fingerprint import fingerprint


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({}, 14695981039346656037, id="none"),
        pytest.param(
            {"name": "garland, briggs", "fear": "love is not enough"},
            5799056148416392346,
            id="example-of-prometheus-common",
        ),
    ],
)
def test_a_fingerprint_is_that_of_prometheus(labels: dict[str, str], expected: int) -> None:
    """Computed otherwise, one occurrence would have two names (model/signature_test.go)."""
    assert fingerprint(labels) == f"{expected:016x}"


def test_a_huge_label_set_still_gets_sixteen_digits() -> None:
    """Byte by byte, ten megabytes would take seconds of everybody's time."""
    big = fingerprint({"a": "x" * (10 << 20)})

    assert len(big) == 16
    assert big != fingerprint({"a": "y" * (10 << 20)})

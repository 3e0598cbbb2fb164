"""Alert texts are filled as Go fills them, and what Go would do beyond that is refused."""

import math

import pytest

from drills.prometheus import templates
from drills.prometheus.errors import BadRule
from drills.prometheus.templates import Alarm

ALARM = Alarm(labels={"pod": "decode-0"}, value=0.9512)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no holes", "no holes"),
        ("{{ $labels.pod }}: {{ $value }}", "decode-0: 0.9512"),
        ("[{{ $labels.nope }}]", "[]"),
        ("{{ $value | humanizePercentage }}", "95.12%"),
        ("{{humanize $value}}", "951.2m"),
        ('{{ printf "%.2f" $value }}/s', "0.95/s"),
        ('{{ $value | printf "%.0f%%" }}', "1%"),
        ('{{ printf "%s!" $labels.pod }}', "decode-0!"),
        ('{{ printf "%g" $value }}', "0.9512"),
        ('{{ printf "%.2f" $labels.pod }}', "%!f(string=decode-0)"),
        ('{{ "quoted \\" text" }}', 'quoted " text'),
        ("two\n{{ $labels.pod }}\nlines", "two\ndecode-0\nlines"),
    ],
)
def test_a_template_is_filled(text: str, shown: str) -> None:
    """These texts reach people, and the desk shows them verbatim."""
    assert templates.read(text).expand(ALARM) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (999.96, "1000"),
        (1_234_567.0, "1.235M"),
        (-1_234.0, "-1.234k"),
        (0.5, "500m"),
        (1.5e-6, "1.5u"),
        (math.inf, "+Inf"),
        (math.nan, "NaN"),
    ],
)
def test_humanize_uses_metric_prefixes(value: float, shown: str) -> None:
    """100k requests are read faster than 100000."""
    assert templates.humanize(value) == shown


def test_a_text_that_cannot_be_humanized_says_so() -> None:
    """Prometheus sends the alert all the same."""
    shown = templates.read("{{ $labels.pod | humanize }}").expand(ALARM)

    assert shown.startswith("<error expanding template:")


@pytest.mark.parametrize(
    "text",
    [
        "{{ if gt $value 1.0 }}high{{ end }}",
        "{{ .Labels.pod }}",
        "{{ range query `up` }}{{ end }}",
        "{{- $value }}",
        '{{ printf "%d" $value }}',
        '{{ printf "%s/%s" $labels.a $labels.b }}',
        "{{ $value | humanizeDuration }}",
        "{{ $value",
        "$value }}",
        "{{ }}",
        "{{ $value | }}",
    ],
)
def test_a_template_outside_the_subset_is_refused(text: str) -> None:
    """A rule must fail when it is loaded, not show half a text when it fires."""
    with pytest.raises(BadRule):
        templates.read(text)

"""Proofs under other names: an alert rings whatever a release calls its metrics.

Each proof is repeated with its series written in every other name that the signals behind the
alert know: of other releases, and of other engines that say the same in the same form. Under a
name that nobody knows it keeps still: `LLMDSignalLost`, `EPPPoolSeriesVanished` and
`LLMDObjectiveUnseen` tell of that.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Final

from cluster.rules import twins
from cluster.rules.recordings import ENGINES, PREFIX, kept, recordings
from cluster.rules.rule import Alert, Proof, Recording, RuleFile
from cluster.signals.catalogue import SIGNALS
from cluster.signals.series import Formula, Metric
from cluster.signals.signal import Signal, metric_names

UNKNOWN: Final = "_by_a_name_that_nobody_knows"
KNOWN: Final = frozenset(metric_names(SIGNALS.values()))
RECORDED: Final = {rule.name: rule for rule in recordings()}
NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")

Names = Mapping[str, str]
"""New names of metrics by the old ones."""


def proofs(file: RuleFile, alert: Alert) -> tuple[Proof, ...]:
    """Return the alert's proofs under other names, and under names that nobody knows.

    A file that is fed with recordings has none: their names are ours.
    """
    if file.fed:
        return ()
    return (*_otherwise_named(file, alert), *_unknown(alert))


def read(file: RuleFile, alert: Alert) -> frozenset[str]:
    """Return the metrics that an alert reads, by itself or through what is recorded."""
    return _metrics_of(behind(file, alert))


def behind(file: RuleFile, alert: Alert) -> tuple[str, ...]:
    """Return the alert's query, and those of all recordings that it rests on."""
    own = {rule.name: rule for rule in file.rules if isinstance(rule, Recording)}
    return _closure(alert.expr, {**RECORDED, **own})


def of_recording(name: str, series: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """Yield the series of a recording under each of their other names; KeyError for no recording.

    Left out is what stands there under two names at once.
    """
    exprs = _closure(RECORDED[name].expr, RECORDED)
    # A signal's own name stands in no query of its own recording.
    signals = tuple(_signals((*exprs, name)))
    yield from (
        called(series, names) for names in _other_names(_names(series), signals, _metrics_of(exprs))
    )


def called(series: Mapping[str, str], names: Names) -> Mapping[str, str]:
    """Return the series with new names of their metrics."""
    return {_other(one, names): values for one, values in series.items()}


def metric(series: str) -> str:
    """Return the name of a series."""
    return series.partition("{")[0]


def _otherwise_named(file: RuleFile, alert: Alert) -> Iterator[Proof]:
    signals = tuple(_signals(behind(file, alert)))
    known = twins.proofs(alert)
    seen = {(_names(proof.series), proof.fires is None) for proof in known}
    for proof in known:
        if proof.fires is None and proof.unless is None:
            continue
        for names in _other_names(_names(proof.series), signals, read(file, alert)):
            made = _renamed(proof, names)
            key = (_names(made.series), made.fires is None)
            if key not in seen:
                seen.add(key)
                yield made


def _unknown(alert: Alert) -> Iterator[Proof]:
    """Yield the first proof that rings without one of its metrics each, which keeps still."""
    first = next(proof for proof in alert.proofs if proof.fires is not None)
    for name in sorted(_names(first.series) - alert.rings_without.keys()):
        made = _renamed(first, {name: f"{name}{UNKNOWN}"})
        yield replace(made, fires=None)


def _renamed(proof: Proof, names: Names) -> Proof:
    said = ", ".join(sorted(names.values()))
    return replace(
        proof,
        title=f"{proof.title}; now {said}",
        series=called(proof.series, names),
        unless=None,
        then=None,
    )


def _other(series: str, names: Names) -> str:
    name = metric(series)
    return f"{names.get(name, name)}{series.removeprefix(name)}"


def _names(series: Mapping[str, str]) -> frozenset[str]:
    return frozenset(map(metric, series))


def _closure(expr: str, known: Mapping[str, Recording]) -> tuple[str, ...]:
    found, new = dict[str, str](), {"": expr}
    while new:
        found |= new
        named = {name for one in new.values() for name in NAME.findall(one)}
        new = {name: known[name].expr for name in named & known.keys() - found.keys()}
    return tuple(found.values())


def _metrics_of(exprs: Sequence[str]) -> frozenset[str]:
    return frozenset(name for expr in exprs for name in NAME.findall(expr)) & KNOWN


def _signals(exprs: Sequence[str]) -> Iterator[Signal]:
    """Yield the signals that one of the queries is: by its name, or by all that it reads."""
    for expr in exprs:
        words = set(NAME.findall(expr))
        yield from (one for one in SIGNALS.values() if f"{PREFIX}{one.name}" in words)
        yield from (one for one in SIGNALS.values() if _of_engines(one) == words & KNOWN)


def _of_engines(signal: Signal) -> frozenset[str]:
    metrics = (one for way in signal.ways for one in _metrics(way) if _on_engine(one))
    return frozenset(name for one in metrics for name in one.names)


def _other_names(
    there: frozenset[str], signals: Sequence[Signal], known: frozenset[str]
) -> Iterator[Names]:
    """Yield other names of what is there: those of a whole way of a signal, never of a part."""
    for signal in signals:
        known_ways = [
            (way, said) for way in signal.ways for said in _spellings(way) if set(said) <= known
        ]
        spoken = [(way, said) for way, said in known_ways if set(said) <= there]
        # Where two names stand beside each other, one of them hides the other.
        if len({said for _, said in spoken}) == 1:
            yield from _renamings(*spoken[0], known_ways, there)


def _renamings(
    way: Formula,
    said: tuple[str, ...],
    known: Sequence[tuple[Formula, tuple[str, ...]]],
    there: frozenset[str],
) -> Iterator[Names]:
    for another, other in known:
        if _form(another) == _form(way):
            names = dict(zip(said, other, strict=True))
            new = set(names.values()) - names.keys()
            if new and not new & there:
                yield names


def _spellings(way: Formula) -> Iterator[tuple[str, ...]]:
    """Yield the names of all metrics of a way: the newest of each, the second ones, and so on."""
    names = [metric.names for metric in _metrics(way)]
    for number in range(max(map(len, names))):
        yield tuple(each[min(number, len(each) - 1)] for each in names)


def _form(way: Formula) -> tuple[object, ...]:
    """Return what a way does with its metrics, whatever these are called."""
    metrics = _metrics(way)
    others = [one for one in _values(way) if not any(each in metrics for each in _several(one))]
    return type(way), others, [metric.matchers for metric in metrics], kept(way)


def _metrics(way: Formula) -> tuple[Metric, ...]:
    return tuple(
        one for value in _values(way) for one in _several(value) if isinstance(one, Metric)
    )


def _values(way: Formula) -> Iterator[object]:
    # Every formula is a dataclass, which the protocol cannot say.
    return (getattr(way, field.name) for field in fields(way))  # type: ignore[arg-type]


def _several(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _on_engine(metric: Metric) -> bool:
    return metric.names[0].startswith(ENGINES)

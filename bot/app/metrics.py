"""The metrics of one process, as /metrics shows them."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """The metrics of one process; labels never carry foreign text."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "triaged_deliveries_total",
            "Webhook deliveries by what became of them.",
            ["outcome"],
            registry=self.registry,
        )
        self.configuration_refused = Gauge(
            "triaged_configuration_refused",
            "1 while the configuration folder holds something else than what is in force.",
            registry=self.registry,
        )
        self._count_loops()
        self.open_incidents = Gauge(
            "triaged_open_incidents",
            "Open incidents by severity.",
            ["severity"],
            registry=self.registry,
        )
        self.set_aside = Gauge(
            "triaged_set_aside",
            "Deliveries and messages that were set aside and wait for a person.",
            ["what"],
            registry=self.registry,
        )
        self.unannounced = Counter(
            "triaged_unannounced_total",
            "Announcements that reached no channel: the policy names one that is missing.",
            ["because"],
            registry=self.registry,
        )
        self.postmortem_failures = Counter(
            "triaged_postmortem_failures_total",
            "Attempts to write a postmortem that failed; each is tried again.",
            registry=self.registry,
        )
        self.leader = Gauge(
            "triaged_leader",
            "1 where this process does the role's work.",
            ["role"],
            registry=self.registry,
        )
        self.slack_connected = Gauge(
            "triaged_slack_connected",
            "1 while at least one of Slack's sockets is connected.",
            registry=self.registry,
        )

    def _count_loops(self) -> None:
        self.loop_turns = Counter(
            "triaged_loop_turns_total",
            "Turns of a loop that did something.",
            ["loop"],
            registry=self.registry,
        )
        self.loop_failures = Counter(
            "triaged_loop_failures_total",
            "Turns of a loop that failed.",
            ["loop"],
            registry=self.registry,
        )
        self.loop_seconds = Histogram(
            "triaged_loop_seconds",
            "Length of a loop's turn in seconds.",
            ["loop"],
            registry=self.registry,
        )
        self.loop_last_turn = Gauge(
            "triaged_loop_last_turn_timestamp_seconds",
            "When the loop last came round, in Unix seconds.",
            ["loop"],
            registry=self.registry,
        )

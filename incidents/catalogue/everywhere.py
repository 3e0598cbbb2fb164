"""Rules that concern every alert: what users feel, whatever rang.

Numbers: the operations chapter's table (outage and > 95 % errors P0, > 10 % P1, 2-10 % P2; p95
> 5 s P1, 2-5 s P2). P0 begins at half of all requests and not at 95 %: nobody should wait for the
other half.
The end-to-end time of a language model says how long its answers are, so its latencies are those
of the first token and between tokens: people read about five tokens a second.
"""

from typing import Final

from incidents.conditions import above, at_least, at_most, below, equals
from incidents.policy import Bound, LiveRule, Lower, Raise, Severity

# One request a minute: below it a ratio is about single requests.
FLOOR: Final = 1 / 60
QUIET: Final = below("request_rate", FLOOR)

RULES: Final = (
    LiveRule(
        name="security-or-corruption",
        labels={"category": ("security", "corruption")},
        effect=Bound(severity=Severity.P0),
        firm=True,
        because="it is about security or about corrupted data",
    ),
    LiveRule(
        name="wrong-output",
        when=(equals("canary_differs", True),),  # noqa: FBT003  # the value that it must have
        effect=Bound(severity=Severity.P0),
        firm=True,
        because="possible wrong output: a prompt with a known answer is answered otherwise",
    ),
    LiveRule(
        # A failed transfer was seen to end as HTTP 200 with the tokens of another prompt.
        name="failed-transfers",
        when=(above("transfer_failures", 0),),
        effect=Bound(severity=Severity.P1),
        firm=True,
        because="KV transfers fail: answers may be wrong although none fails",
    ),
    LiveRule(
        name="errors-half",
        when=(at_least("error_ratio", 0.5),),
        unless=(QUIET,),
        effect=Bound(severity=Severity.P0),
        because="at least half of all requests fail",
    ),
    LiveRule(
        name="errors-tenth",
        when=(above("error_ratio", 0.10),),
        effect=Bound(severity=Severity.P1),
        because="more than one request in ten fails",
    ),
    LiveRule(
        name="errors-fiftieth",
        when=(above("error_ratio", 0.02),),
        effect=Bound(severity=Severity.P2),
        because="more than one request in fifty fails",
    ),
    LiveRule(
        name="nobody-is-served",
        when=(at_most("ready_endpoints", 0),),
        unless=(QUIET,),
        effect=Bound(severity=Severity.P0),
        because="no endpoint of the pool is ready, and it is in use",
    ),
    LiveRule(
        name="first-token-5s",
        when=(above("ttft_p95", 5),),
        effect=Bound(severity=Severity.P1),
        because="users wait more than five seconds for the first token",
    ),
    LiveRule(
        name="first-token-2s",
        when=(above("ttft_p95", 2),),
        effect=Bound(severity=Severity.P2),
        because="users wait more than two seconds for the first token",
    ),
    LiveRule(
        name="tokens-slower-than-reading",
        when=(above("itl_p95", 0.2),),
        effect=Bound(severity=Severity.P1),
        because="tokens come more slowly than people read",
    ),
    LiveRule(
        name="tokens-slow",
        when=(above("itl_p95", 0.1),),
        effect=Bound(severity=Severity.P2),
        because="tokens come hardly faster than people read",
    ),
    LiveRule(
        name="no-capacity-left",
        when=(equals("waiting_rising", True), at_most("idle_replicas", 0)),  # noqa: FBT003
        effect=Bound(severity=Severity.P1),
        because="ever more requests wait and no replica is idle: demand is above what is left",
    ),
    LiveRule(
        name="gpus-exhausted",
        when=(at_least("pods_pending_gpu", 1),),
        unless=(at_most("waiting", 0),),
        effect=Bound(severity=Severity.P1),
        because="the GPUs are exhausted: pods wait for one while requests wait for pods",
    ),
    LiveRule(
        name="half-of-the-role",
        when=(at_least("affected_share", 0.5),),
        effect=Raise(levels=1),
        because="at least half of the role's replicas are affected",
    ),
    LiveRule(
        name="several-nodes",
        when=(at_least("nodes_affected", 2),),
        effect=Raise(levels=1),
        because="more than one node is affected",
    ),
    LiveRule(
        name="second-pool",
        when=(
            equals("second_pool_healthy", True),  # noqa: FBT003  # see above
            at_most("error_ratio", 0.02),
        ),
        effect=Lower(levels=1),
        because="a second pool behind the same route takes the traffic, and few requests fail",
    ),
    LiveRule(
        name="nearly-unused",
        when=(QUIET,),
        effect=Lower(levels=1),
        because="less than one request a minute within the last hour",
    ),
)

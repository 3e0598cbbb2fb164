"""grace_period: how long pods have to end their requests."""

from cluster.actions.grace_period import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)

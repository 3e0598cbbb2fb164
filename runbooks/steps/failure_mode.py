"""failure_mode: what becomes of requests while the endpoint picker of the target's pool is away."""

from cluster.actions.failure_mode import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)

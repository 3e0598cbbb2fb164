"""objective_priority: whose requests a pool drops first when it cannot serve all of them."""

from cluster.actions.objective_priority import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)

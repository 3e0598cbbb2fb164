"""engine_arguments: one flag of the engine's command line."""

from cluster.actions.engine_arguments import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)

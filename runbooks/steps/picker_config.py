"""picker_config: the pool's endpoint picker starts with another configuration."""

from cluster.actions.picker_config import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)

"""restart: all pods begin anew."""

from cluster.actions.restart import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)

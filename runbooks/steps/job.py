"""job: a script of a template runs once as a Job."""

from cluster.actions.job import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)

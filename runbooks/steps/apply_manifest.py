"""apply_manifest: the target as a file of the configuration declares it."""

from cluster.actions.apply_manifest import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)

"""shift_traffic: how an HTTPRoute shares the requests of a model between two pools."""

from cluster.actions.shift_traffic import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)

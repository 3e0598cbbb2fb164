"""The guards: one module each, called like the guard, which declares `GUARD`."""

"""Events of the journal, one module per aggregate."""

"""Commands: what people and loops ask for, one module per aggregate."""

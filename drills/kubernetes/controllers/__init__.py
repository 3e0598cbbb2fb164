"""The controllers of the cluster, each one pass over the objects at a moment."""

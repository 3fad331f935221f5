"""Wire protocols: one folder each, for both directions. They convert to and from the pivot; `pivot` has its format."""

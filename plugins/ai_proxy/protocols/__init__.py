"""Wire protocols: one folder each, both directions; `pivot` is what they meet in."""

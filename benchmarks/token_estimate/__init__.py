"""How far the estimate of tokens is off, for texts in several languages."""

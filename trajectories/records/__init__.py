"""Measured click records. `detection`: which jumps each detector sees, how surely, and its dark counts."""

"""Parts that several screens share: reactive data in, drawing out, no storage calls."""

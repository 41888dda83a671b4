"""Frames of pixels as true pixels, by the protocol of kitty or by sixel, for those who chose it.

Nothing of this folder is imported before somebody asks for it: half-cells need none of it. `abilities` asks the
terminal what it can, `kitty` and `sixel` make bytes, `picture` says which bytes a row of the screen is.
"""

"""One file per screen: which widgets stand where, and which keys act."""

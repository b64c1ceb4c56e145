"""The TCP connections of the web door: how many there may be, whose they are, how long they may take."""

"""Labelled microphones for the voice judge: speech and what is none, from one seed, as Opus packets."""

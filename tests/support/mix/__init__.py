"""Labelled microphones for the voice judge: speech and other sounds, from one seed, as Opus packets."""

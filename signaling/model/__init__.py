"""The nouns of the control plane as frozen values: words, ids, meetings, what a run keeps. Pure."""

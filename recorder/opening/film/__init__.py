"""A recording as a film: what is shown and heard at each instant, encoded and exported."""

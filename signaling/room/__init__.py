"""One run of a Meeting: what is known of it (state), what changes it (rules), what people see (views).
Without I/O."""

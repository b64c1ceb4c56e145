"""The composition root: the command line, configuration, certificates, state directory, supervisor and
simulated bridge points. It may import everything; nothing imports it. Pure."""

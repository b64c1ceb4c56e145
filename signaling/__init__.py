"""The control plane: meetings, rooms, people, rights. It touches no packet. Pure."""

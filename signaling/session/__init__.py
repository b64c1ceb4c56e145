"""One WebSocket from hello to goodbye, and what is still to be sent on it."""

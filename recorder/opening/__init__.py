"""Opening recordings, on the machine that holds the private key. Nothing here runs on the server."""

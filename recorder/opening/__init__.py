"""Opening a recording again, on the machine that holds the private key: nothing here runs on the server."""

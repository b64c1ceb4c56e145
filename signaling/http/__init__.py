"""The HTTPS side: the web client's pages, sign-in, the API, and the WebSocket."""

"""The HTTPS side: pages, sign-in, the API, and the door to the WebSocket."""

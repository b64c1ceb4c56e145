"""One WebSocket's life, and what is kept for it while its page is away."""

"""A public key of the server that somebody types, as it was noted earlier."""

from deploy.problem import Problem
from recorder.storage.signing import PUBLIC_KEY_BYTES


def trusted_key(text: str | None, printed_by: str = "giaoban keys list") -> bytes | None:
    """The server's public key, as the command prints it on the server. Raises Problem."""
    if text is None:
        return None
    try:
        data = bytes.fromhex("".join(text.split()))
    except ValueError:
        data = b""
    if len(data) != PUBLIC_KEY_BYTES:
        raise Problem(
            "--server-key is no key",
            f"It has {2 * PUBLIC_KEY_BYTES} digits 0-9, a-f: {printed_by} prints it on the server.",
        )
    return data

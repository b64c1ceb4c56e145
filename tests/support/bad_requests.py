"""Requests that are none, or half of one, or lie: what a server on the open network gets."""

import random
from collections.abc import Iterator

UPGRADE = ("Upgrade: websocket", "Connection: Upgrade")
HANDSHAKE = (*UPGRADE, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
JSON = "Content-Type: application/json"
SIGN_IN = "POST /api/session HTTP/1.1"

LINES = (
    *(
        "CONNECT / HTTP/1.1",
        "CONNECT x:443 HTTP/1.1",
        "CONNECT [ HTTP/1.1",
        "TRACE / HTTP/1.1",
        "FOO / HTTP/1.1",
    ),
    *("OPTIONS * HTTP/1.1", "PRI * HTTP/2.0", "GET /", "GET / HTTP/0.9", "GET / HTTP/9.9", "GET / HTTP/1"),
    *("\x00\x01", "GET\t/ HTTP/1.1", "get / HTTP/1.1", "GET  /  HTTP/1.1"),
)
PATHS = (
    *(
        "/%",
        "/%zz",
        "/%ff%fe",
        "/%00",
        "/%0a%0d",
        "/..%2f..%2fsecret.html",
        "//",
        "http://[",
        "http://x:99999/",
    ),
    *("http://[::1/", "*", "/\xff", "/?%ff=%zz", "/m/%ff", "/api/recordings/%ff.tar", "/" + "a" * 9000, "?x"),
    *("/" + "%41" * 2600, "https://[::1]:bad/", "/\x7f", "/%ed%a0%80", "ws://a/ws", "//[", "//a:b@c:1:2/"),
)
HEADERS = (
    *(
        "X: \x00",
        "X\x00: y",
        "X : y",
        ": y",
        "X",
        "\xff: y",
        " X: y",
        "Host: y",
        "Host: [",
        "Content-Length: -1",
    ),
    *("Content-Length: 1, 1", "Content-Length: \xb2", "Content-Length: 99999999999999999999", "Expect: \xff"),
    *(
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: \xff",
        "Content-Encoding: gzip",
        "Expect: x",
    ),
    *("Connection: \xff", "If-None-Match: \xff", "If-None-Match: " + '"a",' * 2000, "Accept-Encoding: \xff"),
    *(
        "Cookie: " + "a" * 8000,
        "Cookie: " + "a=b;" * 2000,
        "Cookie: giaoban=\xff",
        'Cookie: giaoban="\\777\\"',
    ),
    *("Cookie: giaoban=" + "x" * 200, "Origin: https://[", "Origin: \xff", "Range: bytes=\xff", "Host: \xff"),
    *("X-Forwarded-For: \xff", "Content-Type: \xff", "Content-Type: text/html; charset=\xff", "Accept: \xff"),
    *("Content-Length: 5\r\nTransfer-Encoding: chunked", "Sec-Fetch-Site: \xff", "Content-Encoding: deflate"),
)
SOCKET_HEADERS = (
    *(
        "Sec-WebSocket-Key: \xff",
        "Sec-WebSocket-Key: A",
        "Sec-WebSocket-Key: ",
        "Sec-WebSocket-Key: " + "A" * 5000,
    ),
    *("Sec-WebSocket-Version: \xff", "Sec-WebSocket-Protocol: \xff,x", "Sec-WebSocket-Extensions: \xff"),
    *(
        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99",
        "Upgrade: \xff",
        "Connection: \xff",
    ),
    "Sec-WebSocket-Extensions: " + "permessage-deflate;" * 300,
)
CHUNKS = (
    *(b"zz\r\n", b"-1\r\nx\r\n", b"ffffffffffffffffff\r\n", b"5\r\nhelloXX0\r\n\r\n", b"0\r\nX: y\r\n\r\n"),
    *(
        b"5;ext=\xff\r\nhello\r\n0\r\n\r\n",
        b"FFFF\r\n" + b"x" * 65535 + b"\r\n0\r\n\r\n",
        b"1\r\nx\r\n" * 20_000,
    ),
)
BODIES = (
    *(
        b"[",
        b"\xff",
        b'"' * 16_000,
        b"[" * 16_000,
        b"x" * 20_000,
        b'{"account":"\\ud800","password":"\\ud800"}',
    ),
    *(b'{"account":"a\\u0000","password":"\\u0000"}', b'{"account":1e999,"password":""}'),
)
MUTATIONS = 60


def bad_requests(host: str, seed: int) -> Iterator[bytes]:
    """Each is for a connection of its own."""

    def request(line: str = "GET / HTTP/1.1", *headers: str, body: bytes = b"") -> bytes:
        return "\r\n".join([line, f"Host: {host}", *headers, "", ""]).encode("latin-1") + body

    yield b"GET /\r\n"
    yield from (request(line) for line in LINES)
    yield from (request(f"GET {path} HTTP/1.1") for path in PATHS)
    yield from (request(line, header) for header in HEADERS for line in ("GET / HTTP/1.1", SIGN_IN))
    for header in SOCKET_HEADERS:
        name = header.partition(":")[0]
        others = [line for line in HANDSHAKE if not line.startswith(name)]
        yield request("GET /ws HTTP/1.1", *others, header)
    yield request("GET / HTTP/1.1", *(f"X{number}: y" for number in range(2000)))
    for chunk in CHUNKS:
        yield request(SIGN_IN, "Transfer-Encoding: chunked", JSON, body=chunk)
        yield request("PUT /nothing HTTP/1.1", "Transfer-Encoding: chunked", body=chunk)
        yield request("GET /ws HTTP/1.1", *HANDSHAKE, "Transfer-Encoding: chunked", body=chunk)
    yield from (request(SIGN_IN, JSON, f"Content-Length: {len(body)}", body=body) for body in BODIES)
    yield request() * 200
    yield request("GET / HTTP/1.1", *UPGRADE) + b"\x00\xff" * 5000
    yield request("GET /ws HTTP/1.1", *HANDSHAKE) + b"\xff" * 3000
    chance = random.Random(seed)
    for _ in range(MUTATIONS):
        line = chance.choice(("GET / HTTP/1.1", SIGN_IN, "GET /ws HTTP/1.1"))
        changed = bytearray(request(line, JSON, "Content-Length: 4", "Cookie: giaoban=x", body=b"null"))
        for _ in range(chance.randint(1, 6)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        yield bytes(changed)

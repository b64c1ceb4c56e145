"""The web client's files, as they are in the web root: read once per version, sent compressed.

Only files under the root, not hidden and of a known type, are found.
"""

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".txt": "text/plain; charset=utf-8",
}
COMPRESSED = frozenset({".html", ".css", ".js", ".json", ".svg", ".webmanifest", ".txt"})
INDEX = "index.html"
MAX_PAGES = 512
"""Kept in memory; the one read longest ago is dropped first."""
MAX_PAGE_BYTES = 4 << 20
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Page:
    stamp: tuple[int, int]
    """Modification time and size of the file it was read from."""
    body: bytes
    compressed: bytes | None
    media_type: str
    etag: str


class Pages:
    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._pages: OrderedDict[Path, Page] = OrderedDict()

    async def answer(self, request: web.Request, name: str) -> web.Response:
        """The file as a response; 304 when the client has it; raises HTTPNotFound."""
        page = await asyncio.to_thread(self._find_untrusted, name)
        if page is None:
            raise web.HTTPNotFound
        headers = {"Cache-Control": "no-cache", "ETag": f'"{page.etag}"', "Vary": "Accept-Encoding"}
        seen = request.if_none_match
        if seen is not None and any(tag.value in (page.etag, "*") for tag in seen):
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = page.media_type
        body = page.body
        if page.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = page.compressed
        return web.Response(body=body, headers=headers)

    def _find_untrusted(self, name: str) -> Page | None:
        """The page of this name, or None. Cannot fail, whatever the name."""
        parts = name.split("/")
        if len(name) > MAX_NAME or any(not part or part.startswith(".") for part in parts):
            return None
        try:
            path = self._root.joinpath(*parts).resolve(strict=True)
            if path.suffix not in TYPES or not path.is_relative_to(self._root):
                return None
            return self._read(path)
        except (OSError, ValueError):
            return None

    def _read(self, path: Path) -> Page | None:
        status = path.stat()
        if status.st_size > MAX_PAGE_BYTES:
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        kept = self._pages.get(path)
        if kept is not None and kept.stamp == stamp:
            return kept
        body = path.read_bytes()
        compressed = gzip.compress(body, 6, mtime=0) if path.suffix in COMPRESSED else None
        page = Page(stamp, body, compressed, TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:24])
        self._pages[path] = page
        while len(self._pages) > MAX_PAGES:
            self._pages.popitem(last=False)
        return page

"""A private key on paper: one page to print and lock away. Pure.

It is self-contained, fetches nothing, and comes in Vietnamese first.
"""

import html
from string import Template

import segno

_PAGE = Template("""<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Khóa mở bản ghi: $name</title>
<style>
@page { size: A4; margin: 20mm; }
body { font: 11pt/1.5 sans-serif; color: #000; background: #fff; max-width: 170mm; margin: auto; }
h1 { font-size: 18pt; margin: 0 0 2mm; }
.who { font-size: 14pt; }
.key { font: 12pt/1.8 monospace; overflow-wrap: anywhere; border: 1px solid #000; padding: 3mm; }
.secret { font-size: 14pt; word-spacing: .5em; }
.qr svg { width: 55mm; height: 55mm; display: block; margin: 4mm 0; }
.warning { border: 2px solid #000; padding: 3mm; font-weight: bold; }
.en { color: #333; font-size: 9.5pt; }
</style>
</head>
<body>
<h1>Khóa mở bản ghi giao ban</h1>
<p class="who">$name · $date</p>
<p class="warning">Ai có tờ này thì mở được mọi bản ghi khóa bằng khóa này. Cất trong két; không chụp ảnh,
không gửi qua mạng, không để trên máy chủ họp. Mất mọi bản của khóa này thì không ai mở lại được.
<br><span class="en">Whoever has this page opens every recording locked with this key. Keep it in a safe;
no photograph, no e-mail, not on the server. When all copies of this key are lost, nobody can open
them.</span></p>
<h2>Khóa riêng (bí mật) · private key</h2>
<p class="key secret">$secret</p>
<div class="qr">$qr</div>
<p>Để dùng lại: quét mã, hoặc gõ khóa vào một tệp văn bản, tất cả trên một dòng (có hay không có khoảng trắng
đều được), rồi chạy <code>giaoban recording play BẢN-GHI.tar --key TỆP</code>. Chương trình chuẩn
<code>age</code> cũng mở được, khi khóa được gõ liền, không khoảng trắng.
<br><span class="en">To use it again: scan the code, or type the key into a text file, all on one line (gaps
do no harm), then run the command above. The standard program age opens recordings with it, too; for it the
key is typed without gaps.</span></p>
<h2>Khóa công khai · public key</h2>
<p class="key">$public</p>
<p>Vân tay · fingerprint: <b>$fingerprint</b></p>
</body>
</html>
""")
GROUP = 4
_PREFIX = "AGE-SECRET-KEY-1"


def page(name: str, date: str, secret: str, public: str, fingerprint: str) -> str:
    """The page as HTML."""
    code = segno.make(secret, error="q", micro=False).svg_inline(border=2, omitsize=True)
    return _PAGE.substitute(
        name=html.escape(name),
        date=html.escape(date),
        secret=grouped(secret),
        qr=code,
        public=html.escape(public),
        fingerprint=html.escape(fingerprint),
    )


def grouped(secret: str) -> str:
    """In groups that are easy to read and type.

    >>> grouped("AGE-SECRET-KEY-1QQPZRY9X")
    'AGE-SECRET-KEY-1 QQPZ RY9X'
    """
    rest = secret.removeprefix(_PREFIX)
    return " ".join([_PREFIX, *(rest[at : at + GROUP] for at in range(0, len(rest), GROUP))])

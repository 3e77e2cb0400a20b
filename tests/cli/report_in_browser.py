"""The report in a real browser without a network: no console message, all figures there, and a picture
that is not blank, kept in the build folder. The results are invented. Exit code 77: no Chromium."""

import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from html.parser import HTMLParser
from pathlib import Path

BUILD = Path(os.environ["REWIRE_BUILD"])
WIDTH, HEIGHT = 1180, 8200


class Counter(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = {}

    def handle_starttag(self, tag, attributes):
        self.tags[tag] = self.tags.get(tag, 0) + 1


def tags_of(html):
    counter = Counter()
    counter.feed(html)
    return counter.tags


def browse(page, profile, *options):
    """Standard output and the lines of the console."""
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND",
         "--proxy-server=127.0.0.1:9", f"--window-size={WIDTH},{HEIGHT}", "--enable-logging=stderr",
         *options, page.as_uri()],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def rows_of_png(path):
    """Rows of pixels of an 8-bit RGB or RGBA picture that is not interlaced."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG"
    position, packed = 8, b""
    while position < len(data):
        length, kind = struct.unpack(">I4s", data[position:position + 8])
        body = data[position + 8:position + 8 + length]
        position += length + 12
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            assert (depth, interlaced) == (8, 0) and colour in (2, 6)
        elif kind == b"IDAT":
            packed += body
    size = width * (3 if colour == 2 else 4)
    raw = zlib.decompress(packed)
    # Filters only ever turn a row that is like the one above, or of one colour, into few values: enough here.
    return [raw[row * (size + 1) + 1:(row + 1) * (size + 1)] for row in range(height)]


def drawn_rows(path):
    """Rows that hold more than one colour or differ from the row above."""
    return sum(len(set(row)) > 4 for row in rows_of_png(path))


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for result in ("connectome", "rewiring", "movement"):
            subprocess.run([BUILD / "tests" / "write_report_example", result, folder], check=True)
        subprocess.run([BUILD / "rewire", "report", "--results", folder], check=True, capture_output=True)
        page = folder / "report.html"
        html = page.read_text(encoding="utf-8")

        # The checks themselves: a console message is seen, a blank page is blank.
        faulty = folder / "faulty.html"
        faulty.write_text("<!DOCTYPE html><script>undefined_function()</script>")
        _, console = browse(faulty, folder / "profile", "--dump-dom")
        assert any("undefined_function" in line for line in console), "the console is not seen"
        blank = folder / "blank.html"
        blank.write_text("<!DOCTYPE html><title>blank</title>")
        browse(blank, folder / "profile", f"--screenshot={folder / 'blank.png'}")
        assert drawn_rows(folder / "blank.png") == 0

        dom, console = browse(page, folder / "profile", "--dump-dom")
        assert not console, "\n".join(console)
        there, shown = tags_of(html), tags_of(dom)
        for tag in ("svg", "figure", "figcaption", "table", "h2", "details"):
            assert there[tag] == shown[tag] > 0, f"{tag}: {there[tag]} written, {shown[tag]} in the browser"
        assert "script" not in shown and "img" not in shown
        loads = re.findall(r'(?:src|href)="(?!#)[^"]*"', html)
        assert not loads, loads

        picture = BUILD / "tests" / "report.png"
        picture.unlink(missing_ok=True)
        _, console = browse(page, folder / "profile", f"--screenshot={picture}")
        assert not console, "\n".join(console)
        drawn = drawn_rows(picture)
        assert drawn > HEIGHT / 2, f"only {drawn} of {HEIGHT} rows of {picture} hold anything"
        print(f"looked at {shown['svg']} pictures of {shown['figure']} figures; {picture}")


browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if browser is None:
    print("skipped: no Chromium (apt-get install chromium)")
    sys.exit(77)
main()

"""The report in a real browser without a network: no console message, and every picture of the whole page, from top
to bottom, holds a drawing where the browser says that it stands. One page of invented results with all figures, one
that the jobs themselves made. The pictures are kept in the build folder. Exit code 77: no Chromium."""

import json
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
WIDTH, SLICE = 1180, 6000
MEASURE = """<script>
const boxes = [...document.querySelectorAll("figure svg")].map(svg => svg.getBoundingClientRect())
  .map(box => [box.left, box.top + scrollY, box.width, box.height].map(Math.round));
const said = document.createElement("pre");
said.id = "measured";
said.textContent = JSON.stringify({height: document.documentElement.scrollHeight, boxes: boxes});
document.body.append(said);
</script>"""


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


def browse(page, profile, *options, height=1000):
    """Standard output and the lines of the console."""
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND",
         "--proxy-server=127.0.0.1:9", f"--window-size={WIDTH},{height}", "--enable-logging=stderr",
         *options, page.as_uri()],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def rows_of_png(path):
    """Rows of an 8-bit RGB or RGBA picture that is not interlaced, three or four bytes a pixel, as filtered."""
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
    pixel = 3 if colour == 2 else 4
    raw = zlib.decompress(packed)
    # Filters only ever turn a row that is like the one above, or of one colour, into few values: enough here.
    return pixel, [raw[row * (width * pixel + 1) + 1:(row + 1) * (width * pixel + 1)] for row in range(height)]


def measured(page, html, folder):
    """Height of the page, and left, top, width, height of every picture in it, as the browser lays them out."""
    copy = folder / "measured.html"
    copy.write_text(html.replace("</body>", MEASURE + "</body>"), encoding="utf-8")
    dom, _ = browse(copy, folder / "profile", "--dump-dom")
    said = json.loads(re.search(r'<pre id="measured">(.*?)</pre>', dom).group(1))
    return said["height"], said["boxes"]


def pictures_of(html, height, folder, name):
    """Photographs of the page from top to bottom, and for each row of pixels of the whole page its bytes."""
    rows = []
    for number, top in enumerate(range(0, height, SLICE)):
        length = min(SLICE, height - top)
        style = f"<style>html {{ overflow: hidden; height: {length}px }} body {{ position: relative; top: -{top}px }}</style>"
        part = folder / "part.html"
        part.write_text(html.replace("</head>", style + "</head>"), encoding="utf-8")
        picture = BUILD / "tests" / f"{name}-{number + 1}.png"
        picture.unlink(missing_ok=True)
        _, console = browse(part, folder / "profile", f"--screenshot={picture}", height=length)
        assert not console, "\n".join(console)
        pixel, more = rows_of_png(picture)
        assert len(more) == length, f"{picture}: {len(more)} rows, not {length}"
        rows += more
    return pixel, rows


def not_drawn(pixel, rows, boxes):
    """Boxes in which less than a tenth of the rows hold anything, or half of the box is one blank band. Marks of
    legends are too small to tell."""
    empty = []
    for left, top, width, height in boxes:
        if height < 40:
            continue
        drawn = [len(set(row[left * pixel:(left + width) * pixel])) > 3 for row in rows[top:top + height]]
        blank = longest_blank(drawn)
        if sum(drawn) < height / 10 or (height > 100 and blank > height / 2):
            empty.append([left, top, width, height])
    return empty


def longest_blank(drawn):
    longest = run = 0
    for any_ in drawn:
        run = 0 if any_ else run + 1
        longest = max(longest, run)
    return longest


def look_at(page, folder, name):
    html = page.read_text(encoding="utf-8")
    dom, console = browse(page, folder / "profile", "--dump-dom")
    assert not console, "\n".join(console)
    there, shown = tags_of(html), tags_of(dom)
    for tag in ("svg", "figure", "figcaption", "table", "h2", "details"):
        assert there[tag] == shown[tag] > 0, f"{tag}: {there[tag]} written, {shown[tag]} in the browser"
    assert "script" not in shown and "img" not in shown
    loads = re.findall(r'(?:src|href)="(?!#)[^"]*"', html)
    assert not loads, loads
    assert "no data" not in html

    height, boxes = measured(page, html, folder)
    assert len(boxes) == there["svg"] and height > 3000, (len(boxes), height)
    pixel, rows = pictures_of(html, height, folder, name)
    empty = not_drawn(pixel, rows, boxes)
    assert not empty, f"{name}: nothing is drawn in {empty}"
    assert max(left + width for left, _, width, _ in boxes) <= WIDTH
    blank = longest_blank([len(set(row)) > 4 for row in rows])
    assert blank < 250, f"{name}: a blank band of {blank} rows"
    print(f"{name}: {height} rows, {shown['svg']} pictures of {shown['figure']} figures")

    # The check itself: pictures that are not drawn are seen.
    hidden = html.replace("</head>", "<style>.panels svg { visibility: hidden }</style></head>")
    pixel, rows = pictures_of(hidden, min(height, SLICE), folder, "hidden")
    panels = [box for box in boxes if box[3] > 100 and box[1] + box[3] < SLICE]
    assert not_drawn(pixel, rows, boxes=panels) == panels, "pictures that are not there are not missed"
    (BUILD / "tests" / "hidden-1.png").unlink()


def rewire(*words):
    subprocess.run([BUILD / "rewire", *map(str, words)], check=True, capture_output=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        # The check itself: a console message is seen.
        faulty = folder / "faulty.html"
        faulty.write_text("<!DOCTYPE html><script>undefined_function()</script>")
        _, console = browse(faulty, folder / "profile", "--dump-dom")
        assert any("undefined_function" in line for line in console), "the console is not seen"

        invented = folder / "invented"
        invented.mkdir()
        for result in ("connectome", "rewiring", "movement"):
            subprocess.run([BUILD / "tests" / "write_report_example", result, invented], check=True)
        rewire("report", "--results", invented)
        look_at(invented / "report.html", folder, "report-invented")

        study, results = folder / "study", folder / "results"
        rewire("simulate", "lever-press", "--out", study, "--animals", 2, "--sessions", 4, "--neurons", 30,
               "--duration-s", 150)
        rewire("connectome", "--study", study, "--results", results, "--tau-s", 0.7, "--surrogates", 100)
        rewire("movement", "--study", study, "--results", results, "--shuffles", 2000)
        rewire("rewiring", "--results", results)
        rewire("report", "--results", results)
        look_at(results / "report.html", folder, "report-simulated")


browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if browser is None:
    print("skipped: no Chromium (apt-get install chromium)")
    sys.exit(77)
main()

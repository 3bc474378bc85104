"""A real browser for tests of pages: Debian's chromium, driven by its command line alone."""

import json
import re
import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--enable-logging=stderr",
)

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")

# A window is at least 500 pixels wide; a frame may be narrower.
FRAME = """<iframe id="f" style="border:0;width:{width}px;height:900px" srcdoc=""></iframe><script>
const f = document.getElementById("f");
f.onload = () => {{
  const d = f.contentDocument, e = d.documentElement, images = [...d.images];
  for (const image of images) image.loading = "eager";
  const press = (key) => (d.activeElement || d.body).dispatchEvent(
    new f.contentWindow.KeyboardEvent("keydown", {{key, bubbles: true, cancelable: true}}));
  setTimeout(() => {{
    const found = {{
      over: e.scrollWidth - e.clientWidth,
      images: images.length,
      loaded: images.filter((image) => image.naturalWidth > 0).length,
    }};
    try {{ found.more = (() => {{ {script} }})(); }}
    catch (error) {{ found.error = String(error); }}
    document.title = JSON.stringify(found);
  }}, 500);
}};
f.srcdoc = {page};</script>"""


def look(html, width, folder, script=""):
    """Open a page in a frame of a width and look at it.

    Args:
      html: text of the page.
      width: of the frame, pixels.
      folder: for the browser's files.
      script: JavaScript that may act on the document ``d``, press keys by ``press(key)`` and return
        what is to be seen.

    Returns:
      ``over``: pixels by which the page is too wide; ``images`` and how many of them ``loaded``;
      ``more``: what the script returned; ``console``: lines of the console.
    """
    page = json.dumps(html).replace("</", "<\\/")
    probe = folder / f"probe_{width}.html"
    probe.write_text(FRAME.format(width=width, page=page, script=script), encoding="utf-8")
    found = subprocess.run(
        [
            *(CHROMIUM, *OPTIONS, f"--user-data-dir={folder / 'profile'}"),
            *("--virtual-time-budget=5000", "--window-size=1400,1000", "--dump-dom"),
            probe.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    title = re.search(r"<title>(\{.*?\})</title>", found.stdout)
    assert title, found.stdout[:500]
    told = json.loads(title[1].replace("&quot;", '"').replace("&amp;", "&"))
    return told | {"console": [x for x in found.stderr.splitlines() if "CONSOLE" in x]}


def assert_sound(found):
    """Every picture has loaded, nothing is too wide and the console is empty."""
    assert found["over"] == 0
    assert found["images"] == found["loaded"] > 0
    assert not found["console"]
    assert "error" not in found, found

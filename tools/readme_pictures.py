"""The pictures at the top of the README: a walk through the latent space of a run, and how its report and the
explorer look in a browser.

    nice gancore train stylegan2 --batch 32 --images 58560 --precision bf16 --threads 1 --output runs/style \
        --set generator.channels_base=1024 --set discriminator.channels_base=1024 \
        --set generator.channels_max=96 --set discriminator.channels_max=96 \
        --set conditioner.mixing=0 --set 'generator_regularizers=[]' \
        --set generator_optimizer.lr=0.0025 --set discriminator_optimizer.lr=0.0025
    python tools/readme_pictures.py runs/style

Pictures of pages need playwright and a chromium; `--only walk` does without.
"""

import argparse
import io
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

import gancore
from gancore.pictures.grid import to_pil
from gancore.storage.files import whole_file

PICTURES = Path(__file__).parents[1].joinpath("docs", "pictures")
COLUMNS, ROWS = 12, 2
SECONDS_A_LEG, LEGS, FPS = 1.5, 3, 16
SIZE = (1280, 900)
"""Of the window of the browser; the README shows pictures at half of it."""


def walk(run: Path, seed: int, truncation: float) -> None:
    """Writes a looping walk of several images side by side."""
    steps = gancore.interpolate(
        run, seed=seed, count=LEGS, frames=round(LEGS * SECONDS_A_LEG * FPS), loop=True, ease=True,
        truncation=truncation, grid=f"{COLUMNS}x{ROWS}", fps=FPS,
    )  # fmt: skip
    first, *rest = (to_pil(frame)[0] for frame in steps.frames())
    with whole_file(PICTURES / "walk.webp") as aside:
        first.save(
            aside, "WEBP", save_all=True, append_images=rest, duration=round(1000 / FPS), loop=0,
            quality=80,
        )  # fmt: skip


def report(run: Path, browser: Any) -> None:
    """Takes a picture of the report of the run."""
    path = gancore.report(run)
    seen(browser, Path(path).resolve().as_uri(), "report", lambda page: page.wait_for_timeout(1000))


def explorer(run: Path, browser: Any) -> None:
    """Takes a picture of the explorer, once it shows an image and the ends of each direction."""
    ready = threading.Event()
    servers = []

    def started(server: Any) -> None:
        servers.append(server)
        ready.set()

    options = {"port": 0, "browser": False, "started": started}
    thread = threading.Thread(target=gancore.explore, args=(run,), kwargs=options)
    thread.start()
    ready.wait()
    try:
        seen(browser, servers[0].url, "explorer", lambda page: page.wait_for_load_state("networkidle"))
    finally:
        servers[0].shutdown()
        thread.join()


def seen(browser: Any, url: str, name: str, settle: Callable[[Any], None]) -> None:
    """Writes what a window shows of a page."""
    page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="light")
    page.goto(url)
    settle(page)
    picture = Image.open(io.BytesIO(page.screenshot()))
    page.close()
    with whole_file(PICTURES / f"{name}.webp") as aside:
        picture.convert("RGB").save(aside, "WEBP", quality=85, method=6)


def pages(run: Path, wanted: list[str]) -> None:
    """Opens a browser and takes pictures of pages."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise SystemExit("no chromium is installed; `--only walk` does without")
    rights = [] if os.geteuid() else ["--no-sandbox"]
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=rights)
        for name in wanted:
            {"report": report, "explorer": explorer}[name](run, browser)
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--only", nargs="+", choices=("walk", "report", "explorer"))
    parser.add_argument("--seed", type=int, default=5, help="of the walk")
    parser.add_argument("--truncation", type=float, default=1.0, help="of the walk")
    given = parser.parse_args()
    wanted = given.only or ["walk", "report", "explorer"]
    PICTURES.mkdir(exist_ok=True)
    if "walk" in wanted:
        walk(given.run, given.seed, given.truncation)
    if shown := [name for name in wanted if name != "walk"]:
        pages(given.run, shown)


if __name__ == "__main__":
    main()

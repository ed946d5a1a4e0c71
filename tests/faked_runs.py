"""Run folders without a training: what a run writes, small and made up."""

import json
import math

from PIL import Image

from gancore.runs.log import Log

NASTY = "</script><script>alert(1)</script><b>&\"'"
TOTAL = 1000
ALARM = {
    "name": "collapse",
    "text": "samples differ by 21% of what real images do",
    "advice": ["a penalty, as r1", "a lower learning rate"],
}
FD, RECALL = "FD[emoji-1]", "recall[emoji-1]"


def fake_run(folder, *, seed=3, width=64, scored=True, alarmed=False, reach=1.0, shade=0):
    """A whole run: recipe, settings, log, sheets and, where it is `scored`, scores with protocols and
    pictures.
    """
    (folder / "samples").mkdir(parents=True)
    describe(folder, seed=seed, width=width)
    last = int(TOTAL * reach)
    with Log(folder / "log.jsonl") as log:
        for step in range(1, last // 10 + 1):
            scalars = {
                "generator/adversarial": 1 + 5 / step,
                "discriminator/real scores": math.sin(step / 9) + shade / 99,
            }
            log.write(step=step, images=step * 10, seconds=step * 3.0, scalars=scalars)
            if scored and step % 20 == 0:
                log.event(
                    "scores",
                    images=step * 10,
                    scores=scores(step / 100, shade),
                    diagnostics={"diversity": step / 100},
                    seconds=0.5,
                )
            if alarmed and step == 60:
                log.event("alarm", images=600, **ALARM)
        log.event("finished", images=last, seconds=300)
    for images in range(0, last + 1, 250):
        sheet(folder / "samples" / f"{images:08d}.png", (images // 4, shade, 90))
    if scored:
        (folder / "scores").mkdir()
        save_scores(folder / "scores" / f"{last:08d}.json", scores(last / TOTAL, shade), images=last)
        (folder / "pictures").mkdir()
        sheet(folder / "pictures" / "neighbors.png", (20, 90, shade))
        (folder / "pictures" / "neighbors.json").write_text('{"images": 1000, "extractor": "emoji-1"}')
        sheet(folder / "pictures" / "classes.png", (90, 20, shade))
    return folder


def describe(
    folder,
    *,
    seed=3,
    width=64,
    command='["gancore", "train", "dcgan", "--seed", "3"]',
    data='sources = ["my photos"]',
):
    """`recipe.toml` and `run.toml`."""
    (folder / "recipe.toml").write_text(
        f'gancore = 1\npart = "gancore-dcgan:dcgan"\n\n[generator]\nwidth = {width}\n'
    )
    (folder / "run.toml").write_text(
        f"gancore = 1\ncommand = {command}\n[settings]\nimages = {TOTAL}\nseed = {seed}\nbatch = "
        "10\nmicro_batch = 5\nprecision = 'bf16'\n"
        f"[data]\n{data}\n[parameters]\ngenerator = 3576704\ndiscriminator = 2765568\n[environment]\ntorch = "
        "'2.13.0'\n"
    )


def scores(share, shade=0):
    """A distance that falls, a recall that rises and falls again."""
    return {
        FD: {"value": 60 - 40 * share + shade / 10, "error": 0.5, "better": "lower"},
        RECALL: {"value": 0.3 * share * (1.6 - share), "error": None, "better": "higher"},
    }


def save_scores(path, values, *, images=None, count=1000, left_out=None):
    """One file of `scores/`."""
    protocol = {
        "extractor": {"title": "emoji-1"},
        "samples": {"count": count, "seed": 0, "run": path.parent.parent.name},
        "reference": {"count": 500},
        "seed": 0,
    }
    table = {
        "gancore": 1,
        "images": images,
        "scores": values,
        "left_out": left_out or {},
        "protocol": protocol,
        "seconds": 1.25,
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(table))


def sheet(path, color, size=(64, 64)):
    """A picture of one color."""
    Image.new("RGB", size, color).save(path)

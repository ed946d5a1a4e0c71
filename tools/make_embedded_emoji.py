"""Make the embedded emoji: 64 px RGBA emoji in a zip with dataset.json → 32 px, the same bytes every time.

python tools/make_embedded_emoji.py google-64.zip gancore/data/embedded/emoji-32.zip
"""

import io
import json
import sys
import zipfile
from pathlib import Path

from PIL import Image

SIZE = 32
MOMENT = (1980, 1, 1, 0, 0, 0)


def shrink(png: bytes) -> bytes:
    """Pillow premultiplies RGBA when it resizes; color under full transparency is blanked, which packs better
    and shows nothing.
    """
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        small = image.convert("RGBA").resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    blank = Image.new("RGBA", small.size)
    blank.paste(small, mask=small.getchannel("A").point(lambda value: 255 if value else 0))
    out = io.BytesIO()
    blank.save(out, format="PNG", optimize=True)
    return out.getvalue()


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, MOMENT)
    member.create_system = 3
    member.external_attr = 0o644 << 16
    archive.writestr(member, content)


def main(source: str, target: str) -> None:
    with zipfile.ZipFile(source) as given:
        table = json.loads(given.read("dataset.json"))
        labels = sorted(table["labels"])
        pictures = {name: shrink(given.read(name)) for name, _ in labels}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in pictures.items():
            add(archive, name, content)
        add(
            archive,
            "dataset.json",
            json.dumps({"labels": labels, "classes": table["classes"]}, separators=(",", ":")).encode(),
        )
    print(f"{len(pictures)} images, {Path(target).stat().st_size} bytes in {target}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])

#!/usr/bin/env python3
"""Renders icon.svg and icon-small.svg into the files that tauri.conf.json names.

Needs rsvg-convert (librsvg2-bin) and convert (imagemagick). Run it after changing an SVG:
    python3 icons/render.py
"""

import struct
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SMALL = 48

PNGS = {"32x32.png": 32, "128x128.png": 128, "128x128@2x.png": 256, "icon.png": 512}
ICO_SIZES = [16, 24, 32, 48, 64, 128, 256]
# Types of Apple's icon container that hold PNG, by size in pixels.
ICNS_TYPES = [
    (b"ic11", 32), (b"ic12", 64), (b"ic07", 128), (b"ic13", 256),
    (b"ic08", 256), (b"ic14", 512), (b"ic09", 512), (b"ic10", 1024),
]


def render(size: int, to: Path) -> None:
    source = HERE / ("icon-small.svg" if size < SMALL else "icon.svg")
    command = ["rsvg-convert", "-w", str(size), "-h", str(size), str(source), "-o", str(to)]
    subprocess.run(command, check=True)


def write_ico(folder: Path) -> None:
    pictures = []
    for size in ICO_SIZES:
        picture = folder / f"ico-{size}.png"
        render(size, picture)
        pictures.append(str(picture))
    subprocess.run(["convert", *pictures, str(HERE / "icon.ico")], check=True)


def write_icns(folder: Path) -> None:
    entries = b""
    for kind, size in ICNS_TYPES:
        picture = folder / f"icns-{size}.png"
        render(size, picture)
        data = picture.read_bytes()
        entries += kind + struct.pack(">I", len(data) + 8) + data
    (HERE / "icon.icns").write_bytes(b"icns" + struct.pack(">I", len(entries) + 8) + entries)


def main() -> None:
    for name, size in PNGS.items():
        render(size, HERE / name)
    with tempfile.TemporaryDirectory() as folder:
        write_ico(Path(folder))
        write_icns(Path(folder))


if __name__ == "__main__":
    main()

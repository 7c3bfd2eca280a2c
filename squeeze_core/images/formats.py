"""The format of a file, by its first bytes and not by its name."""

from __future__ import annotations

import re

# Every supported format, as people write it, and how its files start.
_STARTS = {
    "JPEG": rb"\xff\xd8",
    "PNG": rb"\x89PNG",
    "WebP": rb"RIFF....WEBP",
    "GIF": rb"GIF8",
    "BMP": rb"BM....\0\0\0\0",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "AVIF": rb"....ftyp.{0,64}?avi[fs]",
    "HEIC": rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)",
}
# What names of such files end in.
_JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo")
_ISO_SUFFIXES = (".avif", ".avifs", ".heic", ".heif", ".hif")
_OTHER_SUFFIXES = (".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff")
SUFFIXES = frozenset((*_JPEG_SUFFIXES, *_ISO_SUFFIXES, *_OTHER_SUFFIXES))
_OTHER_STARTS = {
    "a web page": rb"(\xef\xbb\xbf)?\s*<(!doctype\s+html|html)",
    "an SVG drawing": rb"(\xef\xbb\xbf)?\s*<(?=.{0,4000}?<?svg[\s>])",
    "a PDF document": rb".{0,1000}?%PDF-",
    "a zip archive": rb"PK(\x03\x04|\x05\x06|\x07\x08)",
    "a gzip archive": rb"\x1f\x8b",
    "a JPEG 2000 picture": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "a JPEG XL picture": rb"\xff\x0a|\0\0\0\x0cJXL ",
    "a Photoshop file": rb"8BPS",
    "a video": rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI ",
    "a program": rb"MZ|\x7fELF",
    "an HDF5 file, as Keras writes it": rb"\x89HDF",
}


def format_of(data: bytes) -> str | None:
    """The supported format of those bytes: "JPEG", "WebP" …; None for anything else."""
    head = data[:256]
    return next((name for name, start in _STARTS.items() if re.match(start, head, re.DOTALL)), None)


def kind(data: bytes) -> str:
    """The kind of those bytes in words: "a PNG picture", "a PDF document", "a text file"; "" if unknown."""
    if name := format_of(data):
        return f"{'an' if name == 'AVIF' else 'a'} {name} picture"
    head = data[:4096]
    for what, start in _OTHER_STARTS.items():
        if re.match(start, head, re.DOTALL | re.IGNORECASE):
            return what
    return "" if re.search(rb"[\x00-\x08\x0e-\x1f]", head) else "a text file"


def description(data: bytes) -> str:
    """A phrase for bytes of no supported format: "a PDF document, which is not a supported format (…)"."""
    what = kind(data)
    known = f"{what}, which is not a" if what else "not in a"
    return f"{known} supported format ({', '.join(_STARTS)})"

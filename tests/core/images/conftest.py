"""Every picture of these tests is made by code, so that what it must look like is known."""

from __future__ import annotations

import pillow_heif

pillow_heif.register_heif_opener()  # so that tests can save HEIC, for which Pillow's format name is HEIF

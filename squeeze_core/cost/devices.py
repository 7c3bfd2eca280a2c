"""Devices that people know, with the memory their makers state."""

from __future__ import annotations

from dataclasses import dataclass

_MIB, _GIB = 2**20, 2**30


@dataclass(frozen=True)
class Device:
    """`flash`: bytes of storage, None where it is a card that its owner chooses. `ram`: bytes of memory.

    Both are all that the device has; a program and a system need some of it too.
    """

    name: str
    flash: int | None
    ram: int
    source: str


DEVICES = (
    Device(
        "STM32H743ZI",
        2 * _MIB,
        1 * _MIB,
        "STMicroelectronics, STM32H743 product page: up to 2 Mbytes of flash, 1 Mbyte of RAM",
    ),
    Device(
        "ESP32-S3-WROOM-1-N16R8",
        16 * _MIB,
        8 * _MIB + 512 * 2**10,
        "Espressif, ESP32-S3-WROOM-1 datasheet: 16 MB of flash, 8 MB of PSRAM, 512 KB of SRAM",
    ),
    Device(
        "Raspberry Pi Zero 2 W",
        None,
        512 * _MIB,
        "Raspberry Pi documentation, Zero models: 512 MB of LPDDR2; storage is a microSD card",
    ),
    Device(
        "Phone (Google Pixel 8a)",
        128 * 10**9,
        8 * _GIB,
        "Google, Pixel 8a technical specifications: 128 GB of storage, 8 GB of LPDDR5x",
    ),
)

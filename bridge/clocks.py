"""The machine's clock, the one every process reads."""

import time

now = time.perf_counter
"""Seconds, monotonic and the same in every process of one machine (CLOCK_MONOTONIC, mach_absolute_time, QPC).

``time.monotonic`` is that on Linux and macOS only: on Windows before Python 3.13 it ticks every 15 ms.
"""

"""What the engines are asked to do; importable on both sides."""


def nap(seconds):
    """Sleep that long."""
    import time

    time.sleep(seconds)
    return seconds


def odd(number):
    """Fail for even numbers."""
    if number % 2 == 0:
        raise ValueError(f"{number} is even")
    return number


def speak(text):
    """Write to both streams."""
    import sys

    print(text)
    print(text, file=sys.stderr)
    return text


def die():
    """End this engine's process as the kernel's memory killer would."""
    import os
    import signal
    import time

    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(30)


def fail_first(marker, value):
    """Fail the first time, by a file that the first attempt leaves behind."""
    import os

    print(f"attempt at {value}")
    if not os.path.exists(f"{marker}-{value}"):
        open(f"{marker}-{value}", "w").close()
        raise ValueError(f"{value} was tried for the first time")
    return value * 10


def fail_first_then_nap(marker, seconds):
    """Fail the first time, and take that long the second time."""
    import os
    import time

    if not os.path.exists(marker):
        open(marker, "w").close()
        raise ValueError("the first time")
    time.sleep(seconds)
    return seconds

"""What the engines do in the fault suite; importable on both sides."""


def work(number, nap):
    """Take a while, write something now and then, fail for some numbers; the value tells the number."""
    import sys
    import time

    time.sleep(nap * (number % 3))
    if number % 17 == 0:
        print("at", number, file=sys.stderr if number % 2 else sys.stdout)
    if number % 23 == 5:
        raise ValueError(f"{number} is not liked")
    return number * number


def work_there(nap):
    """The same for each engine of a broadcast or a direct view."""
    import time

    time.sleep(nap * 20)
    return 49

"""How often Python looks for objects that hold each other. Never looks for leaks: what nothing refers to goes at once.

A call is some hundred objects that refer to each other and live for minutes. At Python's own pace (700 new objects)
each step of each call has several searches through the youngest; they found next to nothing and took 7 % of the time.
"""

import gc

NEW_OBJECTS = 20_000  # between searches of the youngest: some 1 MB that may wait to be found
SEARCHES_UNTIL_MIDDLE, SEARCHES_UNTIL_ALL = 50, 100


def search_rarely() -> None:
    """Call once all is set up: what there is by then stays until the end, and is never searched again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, SEARCHES_UNTIL_MIDDLE, SEARCHES_UNTIL_ALL)

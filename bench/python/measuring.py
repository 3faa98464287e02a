"""What the measurements of Python's pools have in common."""
import json
import sys
import time
from collections import deque


def median(values):
    return sorted(values)[len(values) // 2]


def in_flight_rate(submit, wait, argument, check, in_flight, seconds):
    """Calls per second while `in_flight` calls are on their way; each result is checked with the number of its call."""
    # Looking at the clock for each of many calls would be felt, looking rarely at long ones would be late.
    look_every = 64 if in_flight >= 500 else 1
    waiting = deque()
    start = time.perf_counter()
    for i in range(in_flight):
        waiting.append(submit(argument(i)))
    done = 0
    while True:
        check(wait(waiting.popleft()), done)
        done += 1
        if done % look_every == 0:
            elapsed = time.perf_counter() - start
            if elapsed >= seconds:
                break
        waiting.append(submit(argument(done + in_flight - 1)))
    while waiting:
        wait(waiting.popleft())
    return done / elapsed


def alternating(here, there, check, repeats):
    """The same work in this process and through a pool, in turns."""
    sequential_ms, parallel_ms = [], []
    for _ in range(repeats):
        for work, times in ((here, sequential_ms), (there, parallel_ms)):
            start = time.perf_counter()
            results = work()
            times.append((time.perf_counter() - start) * 1000)
            check(results)
    return {
        "sequentialMs": median(sequential_ms),
        "parallelMs": median(parallel_ms),
        "speedup": median([s / p for s, p in zip(sequential_ms, parallel_ms)]),
    }


def main(measure):
    """Takes a JSON request as its argument, prints one JSON line."""
    print(json.dumps({"metrics": measure(json.loads(sys.argv[1]))}))

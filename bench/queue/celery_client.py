"""Figures of Celery, measured by its own client: reads one JSON request per line, answers with one JSON line."""
import json
import os
import sys
import threading
import time
import uuid

import redis
from celery import chord as chord_of
from celery_app import noop, total

server = redis.Redis(host="127.0.0.1", port=int(os.environ["BENCH_REDIS_PORT"]))


def ended():
    """How many results are kept; the driver's own keys are few and left out by their prefix."""
    return sum(1 for _ in server.scan_iter("celery-task-meta-*", count=10_000))


def percentile(values, share):
    ordered = sorted(values)
    at = (len(ordered) - 1) * share
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def wait(_):
    noop.delay(0).get(timeout=20)
    return {}


def one_by_one(request):
    for n in range(50):
        noop.delay(n)
    begun = time.perf_counter()
    for n in range(request["count"]):
        noop.delay(n)
    return {"rate": request["count"] / (time.perf_counter() - begun)}


def done(request):
    count = request["count"]
    before = ended()
    first, begun = 0, None
    while True:
        now = ended() - before
        if begun is None and now > 0:
            first, begun = now, time.perf_counter()
        if now >= count:
            return {"rate": (count - first) / (time.perf_counter() - begun)}
        time.sleep(0.1)


def fill(request):
    for n in range(request["count"]):
        noop.delay(n)
    return {}


def round_trip(request):
    times = []
    for n in range(request["count"] + 50):
        begun = time.perf_counter()
        if noop.delay(n).get(timeout=20) != n:
            raise ValueError("wrong result")
        if n >= 50:
            times.append((time.perf_counter() - begun) * 1000)
    return {"p50": percentile(times, 0.5), "p99": percentile(times, 0.99), "p999": percentile(times, 0.999)}


def open_loop(request):
    """Arrivals at a fixed rate. Results are heard as Celery's own client hears them: on the channel of their key."""
    count, per_second = request["count"], request["perSecond"]
    for n in range(50):
        noop.delay(n).get(timeout=20)
    ids = [str(uuid.uuid4()) for _ in range(count)]
    due, ended = {}, {}
    channel = server.pubsub()
    channel.psubscribe("celery-task-meta-*")
    channel.get_message(timeout=1)

    def listen():
        for message in channel.listen():
            if message["type"] == "pmessage":
                ended[message["channel"].decode().removeprefix("celery-task-meta-")] = time.perf_counter()
            if len(ended) >= count:
                return

    listener = threading.Thread(target=listen)
    listener.start()
    begun = time.perf_counter() + 0.01
    for n in range(count):
        due[ids[n]] = begun + n / per_second
        wait_for = due[ids[n]] - time.perf_counter()
        if wait_for > 0:
            time.sleep(wait_for)
        noop.apply_async((n,), task_id=ids[n])
    listener.join()
    times = [(ended[id] - due[id]) * 1000 for id in ids]
    return {"p50": percentile(times, 0.5), "p99": percentile(times, 0.99), "p999": percentile(times, 0.999)}


def chord(request):
    """Tasks side by side and one that takes all their results, from handing them over to its result."""
    times = []
    for count in [10] + [request["count"]] * request["repeats"]:
        begun = time.perf_counter()
        result = chord_of([noop.s(n) for n in range(count)])(total.s()).get(timeout=200)
        times.append((time.perf_counter() - begun) * 1000)
        if result != count * (count - 1) // 2:
            raise ValueError(f"wrong result: {result}")
    return {"ms": percentile(times[1:], 0.5)}


FIGURES = {
    "wait": wait,
    "oneByOne": one_by_one,
    "fill": fill,
    "done": done,
    "roundTrip": round_trip,
    "openLoop": open_loop,
    "chord": chord,
}

for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(FIGURES[request["what"]](request)), flush=True)

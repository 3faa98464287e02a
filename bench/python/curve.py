"""Calls per second of Python's pools by the length of the task or the size of its argument. Takes a JSON request, prints one JSON line."""
import json
import sys
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool


def compute(call):
    """Computes for so many microseconds of its own processor time."""
    end = time.thread_time() + call["us"] / 1e6
    while time.thread_time() < end:
        pass
    return {"id": call["id"], "length": None}


def length_of(call):
    return {"id": call["id"], "length": len(call["data"])}


def rate(submit, wait, argument, length, in_flight, seconds):
    """Keeps `in_flight` calls on their way."""
    waiting = deque()
    start = time.perf_counter()
    for i in range(in_flight):
        waiting.append(submit(argument(i)))
    done = 0
    while True:
        result = wait(waiting.popleft())
        if result["id"] != done or result["length"] != length:
            raise ValueError(f"wrong result for call {done}: {result!r}")
        done += 1
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            break
        waiting.append(submit(argument(done + in_flight - 1)))
    while waiting:
        wait(waiting.popleft())
    return done / elapsed


def measure(request):
    if "bytes" in request:
        data, function = "x" * request["bytes"], length_of
        argument, length = (lambda i: {"id": i, "data": data}), request["bytes"]
    else:
        function, length = compute, None
        argument = lambda i: {"id": i, "us": request["us"]}
    is_pool = request["spec"]["api"] == "Pool.apply"
    with (Pool if is_pool else ProcessPoolExecutor)(request["workers"]) as pool:
        if is_pool:
            submit, wait = (lambda call: pool.apply_async(function, (call,))), (lambda job: job.get())
        else:
            submit, wait = (lambda call: pool.submit(function, call)), (lambda job: job.result())
        go = lambda ms: rate(submit, wait, argument, length, request["inFlight"], ms / 1000)
        go(request["warmupMs"])
        return {"rate": go(request["rateMs"])}


if __name__ == "__main__":
    print(json.dumps({"metrics": measure(json.loads(sys.argv[1]))}))

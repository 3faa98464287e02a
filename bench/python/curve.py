"""Calls per second of Python's pools by the length of the task or the size of its argument."""
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool

from measuring import in_flight_rate, main


def compute(call):
    """Keeps its worker busy for so many turns of a loop, as the task in JavaScript does: on a busy core they take longer."""
    total = call["id"]
    for i in range(call["turns"]):
        total = (total * 31 + i) & 0xFFFFFFFF
    return {"id": call["id"], "length": None}


def turns_per_microsecond():
    """How many turns take a microsecond here."""
    turns, best = 10_000, 0
    for n in range(500):
        start = time.perf_counter()
        compute({"id": n, "turns": turns})
        best = max(best, turns / (time.perf_counter() - start) / 1e6)
    return best


def length_of(call):
    return {"id": call["id"], "length": len(call["data"])}


def measure(request):
    if "bytes" in request:
        data, function = "x" * request["bytes"], length_of
        argument, length = (lambda i: {"id": i, "data": data}), request["bytes"]
    else:
        function, length = compute, None
        turns = round(request["us"] * turns_per_microsecond()) if request["us"] else 0
        argument = lambda i: {"id": i, "turns": turns}

    def check(result, i):
        if result["id"] != i or result["length"] != length:
            raise ValueError(f"wrong result for call {i}: {result!r}")

    is_pool = request["spec"]["api"] == "Pool.apply"
    with (Pool if is_pool else ProcessPoolExecutor)(request["workers"]) as pool:
        if is_pool:
            submit, wait = (lambda call: pool.apply_async(function, (call,))), (lambda job: job.get())
        else:
            submit, wait = (lambda call: pool.submit(function, call)), (lambda job: job.result())
        go = lambda ms: in_flight_rate(submit, wait, argument, check, request["inFlight"], ms / 1000)
        go(request["warmupMs"])
        return {"rate": go(request["rateMs"])}


if __name__ == "__main__":
    main(measure)

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


def timed(call):
    """The processor time that `compute` takes, in seconds."""
    start = time.thread_time()
    compute(call)
    return time.thread_time() - start


def length_of(call):
    return {"id": call["id"], "length": len(call["data"])}


def measure(request):
    is_pool = request["spec"]["api"] == "Pool.apply"
    with (Pool if is_pool else ProcessPoolExecutor)(request["workers"]) as pool:

        def rate(function, argument, check, ms):
            if is_pool:
                submit, wait = (lambda call: pool.apply_async(function, (call,))), (lambda job: job.get())
            else:
                submit, wait = (lambda call: pool.submit(function, call)), (lambda job: job.result())
            return in_flight_rate(submit, wait, argument, check, request["inFlight"], ms / 1000)

        def turns_per_microsecond(ms):
            """How many turns take a microsecond in the workers when they are quick; alone, a process can be half as fast again."""
            turns, seconds = 10_000, []
            rate(timed, lambda i: {"id": i, "turns": turns}, lambda result, i: seconds.append(result), ms)
            return turns / sorted(seconds)[len(seconds) // 10] / 1e6

        warmup_ms = request["warmupMs"]
        if "bytes" in request:
            data, function, length = "x" * request["bytes"], length_of, request["bytes"]
            argument = lambda i: {"id": i, "data": data}
        else:
            function, length, turns = compute, None, 0
            if request["us"]:
                warmup_ms /= 2
                turns = round(request["us"] * turns_per_microsecond(warmup_ms))
            argument = lambda i: {"id": i, "turns": turns}

        def check(result, i):
            if result["id"] != i or result["length"] != length:
                raise ValueError(f"wrong result for call {i}: {result!r}")

        rate(function, argument, check, warmup_ms)
        return {"rate": rate(function, argument, check, request["rateMs"])}


if __name__ == "__main__":
    main(measure)

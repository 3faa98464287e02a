"""Round trip and throughput of Python's own pools."""
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import Pool

from measuring import in_flight_rate, main


def echo(payload):
    return payload


def payload(i):
    return {"id": i, "name": "resize", "args": [1, 2, 3]}


def check(result, i):
    if result["id"] != i or len(result["args"]) != 3:
        raise ValueError(f"wrong result for call {i}: {result!r}")


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def round_trips(run, seconds):
    trips = []
    end = time.perf_counter() + seconds
    i = 0
    while True:
        start = time.perf_counter()
        if start >= end:
            return trips
        result = run(payload(i))
        trips.append((time.perf_counter() - start) * 1e6)
        check(result, i)
        i += 1


def map_rate(run_map, seconds):
    """Whole maps of distinct items (equal ones would travel as back-references), until the time is over."""
    size = 20_000
    done = 0
    spent = 0.0
    while spent < seconds:
        items = [payload(i) for i in range(done, done + size)]
        start = time.perf_counter()
        results = list(run_map(items))
        spent += time.perf_counter() - start
        for i, result in zip(range(done, done + size), results, strict=True):
            check(result, i)
        done += size
    return done / spent


def measure(request):
    api, workers = request["spec"]["api"], request["workers"]
    warmup, latency, seconds = (request[k] / 1000 for k in ("warmupMs", "latencyMs", "rateMs"))
    if api in ("Pool.apply", "Pool.map"):
        with Pool(workers) as pool:
            if api == "Pool.map":
                run_map = lambda items: pool.map(echo, items, chunksize=256)
                map_rate(run_map, warmup)
                return {"rate": map_rate(run_map, seconds)}
            submit = lambda p: pool.apply_async(echo, (p,))
            wait = lambda job: job.get()
            run = lambda p: pool.apply(echo, (p,))
            return both(run, submit, wait, request["inFlight"], warmup, latency, seconds)
    executor = ThreadPoolExecutor if api.startswith("Thread") else ProcessPoolExecutor
    with executor(workers) as pool:
        if api.endswith(".map"):
            run_map = lambda items: pool.map(echo, items, chunksize=256)
            map_rate(run_map, warmup)
            return {"rate": map_rate(run_map, seconds)}
        submit = lambda p: pool.submit(echo, p)
        wait = lambda job: job.result()
        run = lambda p: pool.submit(echo, p).result()
        return both(run, submit, wait, request["inFlight"], warmup, latency, seconds)


def both(run, submit, wait, in_flight, warmup, latency, seconds):
    rate = lambda seconds: in_flight_rate(submit, wait, payload, check, in_flight, seconds)
    rate(warmup)
    round_trips(run, warmup / 3)
    trips = round_trips(run, latency)
    return {
        "p50": percentile(trips, 0.5),
        "p99": percentile(trips, 0.99),
        "rate": rate(seconds),
    }


if __name__ == "__main__":
    main(measure)

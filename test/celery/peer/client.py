"""A client of the fleet: a line with an expression of Python in, a line of JSON with its value, or with what it has raised, out."""
import json
import sys
import time

import proj
from celery import chain, chord, group, signature
from celery.canvas import chunks, xmap, xstarmap
from celery.exceptions import TimeoutError as CeleryTimeout
from celery.result import AsyncResult, GroupResult
from proj import app


def ts(name, *args, **kwargs):
    """A call of a task that runs in TypeScript."""
    return app.signature("ts." + name, args=args, kwargs=kwargs, queue="ts")


def get(result, timeout=30, **options):
    """The value of a result, or how it was not one."""
    try:
        return result.get(timeout=timeout, interval=0.05, **options)
    except CeleryTimeout:
        raise
    except Exception as error:
        return [type(error).__module__ + "." + type(error).__name__, [repr(each) for each in error.args]]


def until_ready(result, timeout=30):
    """Looks until a result is there. Celery tells only the first object of an id that its task has ended, while that one waits."""
    end = time.monotonic() + timeout
    while not result.ready():
        if time.monotonic() > end:
            raise CeleryTimeout("it has not ended")
        time.sleep(0.01)


def stamped(canvas, **stamps):
    canvas.stamp(**stamps)
    return canvas


def protocol_1(name, args, queue):
    """The result of a call in version 1 of the protocol."""
    app.conf.task_protocol = 1
    app.amqp.__dict__.pop("create_task_message", None)
    try:
        return get(app.send_task(name, args, queue=queue))
    finally:
        app.conf.task_protocol = 2
        app.amqp.__dict__.pop("create_task_message", None)


def samples():
    """Good messages as they stand in a queue, of calls with and without what follows them."""
    canvases = [
        ts("add", 1, 2),
        chain(ts("add", 1, 2), ts("add", 3)),
        group(ts("add", 1, 1), ts("add", 2, 2)),
        chord([ts("add", 1, 1)], ts("sum")),
        chain(ts("add", 1, 1), group(ts("add", 1), ts("add", 2)), ts("sum")),
    ]
    for canvas in canvases:
        rename(canvas, "samples").apply_async()
    client = app.backend.client
    found = [each.decode() for each in client.lrange("samples", 0, -1)]
    client.delete("samples")
    return found


def rename(canvas, queue):
    """The same with all of its calls in another queue."""
    text = json.dumps(canvas).replace('"queue": "ts"', '"queue": "' + queue + '"')
    return signature(json.loads(text), app=app)


names = {**vars(proj), **globals()}
for line in sys.stdin:
    try:
        print(json.dumps({"answer": eval(json.loads(line), names)}), flush=True)
    except BaseException as error:
        print(json.dumps({"error": repr(error)}), flush=True)

"""The tasks of a Python project, for the tests beside it. SKEIN_REDIS is the URL of the server."""
import builtins
import json
import os
import time

from celery import Celery

url = os.environ["SKEIN_REDIS"]
app = Celery("proj", broker=url, backend=url)
app.conf.update(broker_connection_retry_on_startup=False, worker_hijack_root_logger=False)
app.conf.beat_schedule = {
    "tick": {"task": "ts.echo", "schedule": 1.0, "args": ("from beat",), "options": {"queue": "ts", "ignore_result": True}}
}


class Boom(Exception):
    def __init__(self, code, *, why):
        super().__init__(code)
        self.why = why


@app.task(name="proj.add")
def add(x, y=0):
    return x + y


@app.task(name="proj.echo")
def echo(*args, **kwargs):
    return [list(args), kwargs, [type(each).__name__ for each in args]]


@app.task(name="proj.fail")
def fail():
    raise ValueError("a", 2)


@app.task(name="proj.boom")
def boom():
    raise Boom(7, why="because")


@app.task(name="proj.tsum")
def tsum(xs):
    return sum(xs)


@app.task(name="proj.listed")
def listed(xs):
    return xs


@app.task(name="proj.tell")
def tell(*args):
    app.backend.client.rpush("told", json.dumps(args))


@app.task(name="proj.raise_as")
def raise_as(name):
    raise getattr(builtins, name)("as told")


@app.task(bind=True, name="proj.rep")
def rep(self, x):
    raise self.replace(add.s(x, 10))


@app.task(bind=True, name="proj.more")
def more(self, x):
    self.add_to_chord(add.s(x, 1000))
    return x


@app.task(bind=True, name="proj.again", max_retries=2)
def again(self, fails):
    if self.request.retries < fails:
        raise self.retry(exc=KeyError("nope"), countdown=0.1)
    return self.request.retries


@app.task(name="proj.sleep")
def sleep(seconds):
    time.sleep(seconds)
    return seconds

"""Celery and kombu as judges of what skein has written: a line of JSON with a question in, a line with the answer out."""
import json
import sys
from base64 import b64decode

from celery.events.state import State
from celery.result import AsyncResult
from celery.worker.request import Request
from kombu.transport.virtual import Message
from kombu.utils.json import loads as loads_json
from proj import add, app, echo


class Channel:
    """As much of a channel as it takes to open a message."""

    def decode_body(self, body, encoding=None):
        return b64decode(body) if encoding == "base64" else body


def messages(items):
    """Reads each message as a worker does; what it cannot read is a problem."""
    problems = []
    for number, item in enumerate(items):
        try:
            payload = loads_json(item)
            message = Message(payload, channel=Channel())
            message.accept = {"application/json"}
            args, kwargs, embed = message.decode()
            assert isinstance(args, list) and isinstance(kwargs, dict), "args and kwargs"
            assert set(embed) == {"callbacks", "errbacks", "chain", "chord"}, "embed"
            request = Request(message, app=app, task=echo, hostname="judge@host")
            request.maybe_expire(), request.info(), repr(request)
        except Exception as error:
            problems.append([number, repr(error)])
    return problems


def results(documents):
    """What somebody who waits for each result gets."""
    got = []
    for document in documents:
        task_id = json.loads(document)["task_id"]
        app.backend.set(app.backend.get_key_for_task(task_id), document)
        result = AsyncResult(task_id, app=app)
        try:
            got.append([result.state, repr(result.get(timeout=5))])
        except Exception as error:
            got.append([result.state, type(error).__module__, type(error).__name__, [repr(each) for each in error.args]])
    return got


def events(bodies):
    """The workers and calls that a monitor knows after these events."""
    state = State()
    for body in bodies:
        read = loads_json(body)
        for event in read if isinstance(read, list) else [read]:
            event["local_received"] = event["timestamp"]
            state.event(event)
    tasks = {uuid: [task.name, task.state, task.result, task.exception] for uuid, task in state.tasks.items()}
    return [{name: [worker.sw_ident, worker.active] for name, worker in state.workers.items()}, tasks]


def send(options):
    """Sends calls as a Python client does."""
    ids = [add.apply_async((1, 2), queue="ts").id, echo.apply_async((1.5,), {"k": [None]}, queue="ts", **options).id]
    ids.append((add.s(1, 2).set(queue="ts") | add.s(4)).apply_async().id)
    return ids


def inspect(destination):
    """The answers of workers to those who look into them."""
    inspector = app.control.inspect([destination], timeout=20)
    asked = ["ping", "stats", "registered", "active", "reserved", "scheduled", "active_queues", "conf", "report"]
    return {name: getattr(inspector, name)() for name in asked}


questions = {each.__name__: each for each in (messages, results, events, send, inspect)}
for line in sys.stdin:
    question, given = json.loads(line)
    try:
        print(json.dumps({"answer": questions[question](given)}), flush=True)
    except Exception as error:
        print(json.dumps({"error": repr(error)}), flush=True)

"""What a view does: rows and tasks in one transaction. Prints what became of it as JSON."""
import json
import time
from functools import partial

import django

django.setup()

from billing.tasks import keep, send_invoice
from django.db import connection, transaction
from pictures_tasks import resize

with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE pictures (id INTEGER PRIMARY KEY, file TEXT, small TEXT)")
sent = []


def save(file):
    """Saves a picture, and has it made smaller once it is saved."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO pictures (file) VALUES (%s)", [file])
        pk = cursor.lastrowid
    call = resize.si(file, 320).set(link=keep.s(pk).set(queue="celery"))
    transaction.on_commit(lambda: sent.append(call.delay()))
    return pk


def waiting():
    """How many messages wait for the worker in TypeScript, which is not there yet."""
    return connection_of_broker.default_channel.client.llen("pictures")


from shop import celery_app

with celery_app.connection_for_write() as connection_of_broker:
    with transaction.atomic():
        pk = save("cat.jpg")
        inside = waiting()
    after = waiting()
    try:
        with transaction.atomic():
            save("dog.jpg")
            raise RuntimeError
    except RuntimeError:
        pass
    rolled_back = waiting()

print(json.dumps({"inside": inside, "after": after, "rolled back": rolled_back}), flush=True)
small = sent[0].get(timeout=60)
kept = None
while kept is None:
    with connection.cursor() as cursor:
        kept = cursor.execute("SELECT small FROM pictures WHERE id = %s", [pk]).fetchone()[0]
    time.sleep(0.01)
on_commit = partial(send_invoice.delay_on_commit, 7) if hasattr(send_invoice, "delay_on_commit") else None
print(json.dumps({"small": small, "kept": kept, "has delay_on_commit": on_commit is not None}), flush=True)

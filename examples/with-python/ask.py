"""Python as the one who asks: the tasks in TypeScript, by what `skein celery stubs` has written of them."""

from celery import chain

from proj import total, words
from skein_tasks import center, lengths

print("Python asks TypeScript:", lengths.delay(["a", "list", "of", "words"]).get(timeout=30))
print("Python asks by options:", center.delay("skein", {"columns": 11, "fill": "."}).get(timeout=30))
try:
    center.delay("much too long", {"columns": 5}).get(timeout=30)
except ValueError as error:
    # A RangeError is a ValueError here; others come by their own names.
    print("Python catches an error of TypeScript's:", repr(error))

# Python, TypeScript, Python. A step has the queue of the one before it, unless it says another one.
alternating = chain(words.s("as long as it is"), lengths.s(), total.s().set(queue="python"))
print("A chain that changes its language twice:", alternating.apply_async().get(timeout=30))

"""Python as the one who asks: the tasks in TypeScript, by what `skein celery stubs` has written of them."""

from celery import chain, chord

from proj import longest, total, words
from skein_tasks import center, lengths

print("Python asks TypeScript:", lengths.delay(["a", "list", "of", "words"]).get(timeout=30))
print("Python asks by options:", center.delay("skein", {"columns": 11, "fill": "."}).get(timeout=30))
try:
    center.delay("much too long", {"columns": 5}).get(timeout=30)
except ValueError as error:
    # A RangeError is a ValueError here; others come by their own names.
    print("Python catches an error of TypeScript's:", repr(error))

# Python, TypeScript, Python. A worker in TypeScript does not know the routes of a project in Python, so what comes after its task names its queue.
alternating = chain(words.s("as long as it is"), lengths.s(), total.s().set(queue="python"))
print("A chain that changes its language twice:", alternating.apply_async().get(timeout=30))

# A word from each language, and what is done with both is done in TypeScript.
both = [longest.s(["a", "longer", "the", "longest"]), center.si("word", {"columns": 6})]
print("A chord whose members are in both languages:", chord(both, lengths.s()).apply_async().get(timeout=30))

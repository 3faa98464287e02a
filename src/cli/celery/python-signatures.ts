/**
 * A program for Python that prints the tasks of a Celery application as JSON: their names, parameters and types. Its arguments are the
 * application as `celery -A` takes it. What the project itself prints goes to standard error.
 */
export const pythonSignatures: string = String.raw`
import collections.abc, datetime, enum, inspect, json, os, sys, types, typing

answer = os.dup(1)
os.dup2(2, 1)
sys.path.insert(0, os.getcwd())

from celery.app.utils import find_app

plain = {
    None: "none", type(None): "none", bool: "bool", int: "int", float: "float", str: "str", bytes: "bytes", bytearray: "bytes",
    datetime.datetime: "datetime", datetime.date: "datetime",
}
unions = {typing.Union, getattr(types, "UnionType", typing.Union)}
lists = (list, tuple, collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Iterable, collections.abc.Collection)
dicts = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
anything = {"is": "any"}


def shared(kind, depth=0):
    """A type in words that TypeScript has, too."""
    if depth > 12:
        return anything
    deeper = lambda each: shared(each, depth + 1)
    try:
        if kind in plain:
            return {"is": plain[kind]}
    except TypeError:
        return anything
    kind = getattr(kind, "__supertype__", kind)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return {"is": "literal", "values": list(args)} if all(type(each) in (str, int, bool) for each in args) else anything
    if hasattr(kind, "__metadata__"):  # Annotated
        return deeper(kind.__origin__)
    if origin in unions:
        return {"is": "union", "of": [deeper(each) for each in args]}
    if origin is tuple and args and args[-1] is not Ellipsis:
        return {"is": "tuple", "of": [deeper(each) for each in args]}
    if origin in lists:
        return {"is": "list", "of": deeper(args[0]) if args else anything}
    if origin in dicts:
        return {"is": "dict", "of": deeper(args[1]) if len(args) == 2 else anything}
    if not isinstance(kind, type):
        return deeper(kind) if kind in plain else anything
    if kind in lists:
        return {"is": "list", "of": anything}
    if issubclass(kind, dict) and hasattr(kind, "__total__"):
        required = getattr(kind, "__required_keys__", frozenset())
        fields = []
        for name, each in typing.get_type_hints(kind, include_extras=True).items():
            # Where annotations are strings, the class itself does not know it.
            mark = getattr(typing.get_origin(each), "_name", None)
            is_marked = mark in ("Required", "NotRequired")
            inside = typing.get_args(each)[0] if is_marked else each
            fields.append({"name": name, "required": mark == "Required" if is_marked else name in required, "type": deeper(inside)})
        return {"is": "object", "fields": fields}
    if kind in dicts:
        return {"is": "dict", "of": anything}
    if issubclass(kind, enum.Enum) and issubclass(kind, (str, int)):
        return {"is": "literal", "values": [each.value for each in kind]}
    return anything


kinds = {
    inspect.Parameter.POSITIONAL_ONLY: "place",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "either",
    inspect.Parameter.VAR_POSITIONAL: "rest",
    inspect.Parameter.KEYWORD_ONLY: "named",
    inspect.Parameter.VAR_KEYWORD: "named-rest",
}


def described(name, task):
    """A task as others call it."""
    found = {"task": name, "returns": anything}
    try:
        found["queue"] = app.amqp.router.route({}, name)["queue"].name
    except Exception:
        pass  # a router of the project's that needs more than a name
    about = (inspect.getdoc(task.run) or "").split("\n\n")[0].strip()
    if about:
        found["about"] = " ".join(about.split())
    if task.ignore_result:
        found["ignoresResult"] = True
    try:
        parameters = inspect.signature(task.run).parameters.values()
    except (TypeError, ValueError):
        return found
    try:
        hints = typing.get_type_hints(inspect.unwrap(task.run))
    except Exception:
        hints = {}
    found["parameters"] = [
        {
            "name": each.name,
            "kind": kinds[each.kind],
            "required": each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD),
            "type": shared(hints[each.name]) if each.name in hints else anything,
        }
        for each in parameters
    ]
    if "return" in hints:
        found["returns"] = shared(hints["return"])
    return found


app = find_app(sys.argv[1])
app.loader.import_default_modules()
app.finalize()
tasks = [described(name, task) for name, task in sorted(app.tasks.items()) if not name.startswith("celery.")]
with os.fdopen(answer, "w") as file:
    json.dump(tasks, file)
`

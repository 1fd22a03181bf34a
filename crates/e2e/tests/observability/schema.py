"""Holds dashboards against Grafana's own schema: every key is known to it, and every value has the type that it wants.

The schema is the Python package that Grafana generates from it. Its classes take what they know out of a JSON object and
ignore the rest; what is missing when they write it again is a key that Grafana does not know.
"""

import enum
import json
import re
import sys
import types
import typing

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard

# Keys that are Grafana's but stand in no published schema: those of a Prometheus data source's annotations.
BEYOND = {"annotations.list[].step", "annotations.list[].titleFormat", "annotations.list[].textFormat", "annotations.list[].tagKeys"}


def unknown(given, kept, path, found):
    """Collects what is in the file and was not kept."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            where = f"{path}.{key}" if path else key
            if key in kept:
                unknown(value, kept[key], where, found)
            elif re.sub(r"\d+", "", where) not in BEYOND:
                found.append(f"{where}: Grafana knows no such key")
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for index, (value, other) in enumerate(zip(given, kept)):
            unknown(value, other, f"{path}[{index}]", found)
    elif given != kept:
        found.append(f"{path}: {given!r} was read as {kept!r}")


def fits(value, wanted):
    """Tells whether a value is of a type as Python's annotations write it."""
    origin = typing.get_origin(wanted)
    if wanted in (typing.Any, object):
        return True
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, option) for option in typing.get_args(wanted))
    if origin is typing.Literal:
        return value in typing.get_args(wanted)
    if origin is list:
        (item,) = typing.get_args(wanted)
        return isinstance(value, list) and all(fits(one, item) for one in value)
    if origin is dict:
        _, item = typing.get_args(wanted)
        return isinstance(value, dict) and all(fits(one, item) for one in value.values())
    if wanted is type(None):
        return value is None
    if wanted is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(wanted, type) and issubclass(wanted, enum.Enum):
        return value in [option.value for option in wanted]
    if isinstance(value, dict) and hasattr(wanted, "from_json"):
        # Some lists are kept as they were read.
        return not differences(value, wanted.from_json(value))
    return isinstance(value, wanted)


def mistyped(thing, path, found):
    """Collects attributes whose value is not what the schema wants."""
    if isinstance(thing, list):
        for index, one in enumerate(thing):
            mistyped(one, f"{path}[{index}]", found)
    elif isinstance(thing, dict):
        for key, one in thing.items():
            mistyped(one, f"{path}.{key}", found)
    elif hasattr(thing, "from_json"):
        for name, wanted in typing.get_type_hints(type(thing)).items():
            value = getattr(thing, name)
            where = f"{path}.{name}" if path else name
            if not fits(value, wanted):
                found.append(f"{where}: {value!r} is not {wanted}")
            mistyped(value, where, found)


def differences(given, model):
    """Returns where a JSON object and what the schema made of it differ, and what has a wrong type."""
    found = []
    unknown(given, json.loads(JSONEncoder().encode(model)), "", found)
    mistyped(model, "", found)
    return list(dict.fromkeys(found))


def check(file):
    """Returns what is wrong with the dashboard in a file."""
    with open(file, encoding="utf-8") as opened:
        given = json.load(opened)
    return [f"{file}: {one}" for one in differences(given, dashboard.Dashboard.from_json(given))]


def main():
    register_default_plugins()
    found = [one for file in sys.argv[1:] for one in check(file)]
    for one in found:
        print(one)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

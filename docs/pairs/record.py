"""Runs the Python programs of this folder and writes what they give into `expected.json`."""

import importlib
import json
import pathlib
import platform
from importlib.metadata import version

PROGRAMS = ["lif", "network", "step", "adaptive"]


def main():
    tools = {name: version(name) for name in ["spikingjelly", "torch"]}
    recorded = {
        "command": "python docs/pairs/record.py",
        "tools": {"python": platform.python_version(), **tools},
    }
    for name in PROGRAMS:
        numbers = importlib.import_module(name).run()
        recorded[name] = {key: one.flatten().tolist() for key, one in numbers.items()}
    path = pathlib.Path(__file__).with_name("expected.json")
    path.write_text(json.dumps(recorded, indent=2) + "\n")


if __name__ == "__main__":
    main()

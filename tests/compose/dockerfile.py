"""Reads a Dockerfile as far as ours goes: stages of (instruction, arguments), continuations joined."""
import json
import pathlib
import re
import shlex

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "compose" / "Dockerfile"
KNOWN = {"FROM", "RUN", "COPY", "WORKDIR", "USER", "VOLUME", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD", "ENV"}


class Stage:
    def __init__(self, base, name):
        self.base, self.name, self.steps = base, name, []

    def arguments(self, instruction):
        return [words for step, words in self.steps if step == instruction]


def parse(text):
    """Stages in order. Raises ValueError at the first line that is no instruction of ours."""
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    stages = []
    for line in filter(None, (line.strip() for line in joined.splitlines())):
        instruction, _, words = line.partition(" ")
        if instruction not in KNOWN:
            raise ValueError(f"not an instruction that is used here: {line}")
        if instruction == "FROM":
            base, name = re.fullmatch(r"(\S+) AS (\S+)", words).groups()
            stages.append(Stage(base, name))
        else:
            stages[-1].steps.append((instruction, words))
    return stages


def copy_of(words):
    """(stage or None, sources, target) of a COPY."""
    parts = shlex.split(words)
    origin = parts.pop(0).split("=", 1)[1] if parts[0].startswith("--from=") else None
    return origin, parts[:-1], parts[-1]


def apt_packages(stage):
    """Every package that the stage installs."""
    found = []
    for command in stage.arguments("RUN"):
        for part in command.split("&&"):
            match = re.search(r"apt-get install (.*)", part)
            if match:
                found += [word for word in match[1].split() if not word.startswith("-")]
    return found


def exec_form(words):
    """The list of an ENTRYPOINT or CMD; raises ValueError where it is not in exec form."""
    value = json.loads(words)
    if not isinstance(value, list):
        raise ValueError(words)
    return value

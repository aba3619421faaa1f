#!/usr/bin/env python3
"""Runs the Dockerfile's own steps without a container engine: each stage in a clean Debian root made by
debootstrap, each RUN in a chroot. Ends with the image's own user asking the binary for its version.

    image_steps.py [--keep] [--mirror URL]        needs root, debootstrap, and a few minutes

What it cannot show: layers, the health check's timing, the engine's isolation.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys

import dockerfile

WORK = dockerfile.ROOT / "build" / "image"


def say(text):
    print(f"== {text}", flush=True)


def run(*words, **options):
    subprocess.run([str(word) for word in words], check=True, stdin=subprocess.DEVNULL, **options)


def bootstrap(mirror):
    """A clean bookworm root, made once."""
    base = WORK / "base"
    if not (base / "complete").exists():
        shutil.rmtree(base, ignore_errors=True)
        say("debootstrap bookworm")
        words = ["debootstrap", "--variant=minbase", "bookworm", base]
        run(*words, *([mirror] if mirror else []), stdout=subprocess.DEVNULL)
        # What an engine would give: name resolution, and the host's way to its package mirror.
        shutil.copy("/etc/resolv.conf", base / "etc" / "resolv.conf")
        for folder in ("etc/apt/apt.conf.d", "usr/local/share/ca-certificates"):
            if pathlib.Path("/", folder).is_dir():
                shutil.copytree(pathlib.Path("/", folder), base / folder, dirs_exist_ok=True)
        (base / "complete").touch()
    return base


class Runner:
    """One stage's root and where its steps stand."""

    def __init__(self, stage, roots):
        self.stage, self.roots = stage, roots
        self.root = WORK / stage.name
        self.folder, self.user = "/", "root"

    def prepare(self, base):
        self.unmount()
        shutil.rmtree(self.root, ignore_errors=True)
        run("cp", "-a", base, self.root)

    def mount(self):
        run("mount", "-t", "proc", "proc", self.root / "proc")

    def unmount(self):
        if os.path.ismount(self.root / "proc"):
            run("umount", self.root / "proc")

    def inside(self, command, user=None):
        script = f"cd {self.folder} && {command}"
        run("chroot", f"--userspec={user or self.user}", self.root, "/bin/sh", "-ec", script,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "LANG": "C.UTF-8",
                 **{k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")}})

    def path(self, inside):
        full = inside if inside.startswith("/") else f"{self.folder}/{inside}"
        return self.root / full.lstrip("/")

    def copy(self, words):
        origin, sources, target = dockerfile.copy_of(words)
        for source in sources:
            path = self.roots[origin].root / source.lstrip("/") if origin else dockerfile.ROOT / source
            into = self.path(target)
            if path.is_dir():
                shutil.copytree(path, into, dirs_exist_ok=True)
            else:
                into = into / path.name if target.endswith("/") else into
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, into)

    def step(self, instruction, words):
        say(f"{self.stage.name}: {instruction} {words[:100]}")
        if instruction == "RUN":
            self.inside(words)
        elif instruction == "COPY":
            self.copy(words)
        elif instruction == "WORKDIR":
            self.folder = words
            self.path(words).mkdir(parents=True, exist_ok=True)
        elif instruction == "USER":
            self.user = words

    def all(self):
        self.mount()
        try:
            for instruction, words in self.stage.steps:
                self.step(instruction, words)
        finally:
            self.unmount()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--keep", action="store_true", help="leave build/image for a look")
    arguments.add_argument("--mirror", help="of Debian packages")
    options = arguments.parse_args()
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        sys.exit("image_steps: needs root and debootstrap")
    base, roots = bootstrap(options.mirror), {}
    for stage in dockerfile.parse(dockerfile.DOCKERFILE.read_text()):
        runner = roots[stage.name] = Runner(stage, roots)
        runner.prepare(base if ":" in stage.base else roots[stage.base].root)
        runner.all()
    for name in ("runtime", "traffic"):
        roots[name].user = "fealty"
        roots[name].inside("fealty --version && touch health && find health -mmin -1 | grep -q .")
    if not options.keep:
        shutil.rmtree(WORK)
    say("image steps: passed")


if __name__ == "__main__":
    main()

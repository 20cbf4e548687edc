"""What a kustomization of deploy/kubernetes gives, and how its pods see it."""

from functools import cache
from pathlib import Path

import yaml

from rig import DEPLOY, merged, output_of, program

FOLDERS = ["base", *sorted(f"overlays/{folder.name}" for folder in (DEPLOY / "kubernetes/overlays").iterdir())]


@cache
def objects(folder):
    text = output_of(program("kubectl"), "kustomize", str(DEPLOY / "kubernetes" / folder))
    return list(yaml.safe_load_all(text))


def find(folder, kind, name="weir"):
    found = [one for one in objects(folder) if one["kind"] == kind and one["metadata"]["name"] == name]
    if len(found) != 1:
        raise AssertionError(f"{folder}: {len(found)} objects {kind}/{name}")
    return found[0]


class Pod:
    """The one container of the Deployment, with its configuration."""

    def __init__(self, folder):
        self.template = find(folder, "Deployment")["spec"]["template"]
        self.spec = self.template["spec"]
        self.labels = self.template["metadata"]["labels"]
        self.container, = self.spec["containers"]
        self.mounts = {mount["name"]: mount["mountPath"] for mount in self.container["volumeMounts"]}
        arguments = self.container["args"]
        self.files = [arguments[at + 1] for at, word in enumerate(arguments) if word == "-c"]
        self.config_map = find(folder, "ConfigMap", self.volume("config")["configMap"]["name"])["data"]
        self.texts = {Path(file).name: self.config_map[Path(file).name] for file in self.files}
        self.config = merged(*self.texts.values())

    def volume(self, name):
        return next(volume for volume in self.spec["volumes"] if volume["name"] == name)

    def localised(self, folder):
        """The files' texts with each mount below `folder`, so that they hold outside of a pod."""
        texts = {}
        for name, text in self.texts.items():
            for path in sorted(self.mounts.values(), key=len, reverse=True):
                text = text.replace(f"{path}/", f"{folder}{path}/").replace(f" {path}\n", f" {folder}{path}\n")
                text = text.replace(f" {path} ", f" {folder}{path} ")
            texts[name] = text
        return texts

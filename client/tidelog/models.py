"""What is logged to besides runs, with the same machinery: a project's own data, models, and versions of models."""

from __future__ import annotations

import re

from tidelog.errors import InvalidValueError
from tidelog.run import Run
from tidelog.values.encoding import shown

STAGES = ("none", "staging", "production", "archived")
MODEL_KEY = re.compile(r"[A-Z][A-Z0-9]{0,15}")


class Project(Run):
    """The data of a project itself, made by `tidelog.init_project`."""

    KEY = "project"


class Model(Run):
    """A model, made by `tidelog.init_model`."""

    @staticmethod
    def checked_key(key: object, with_id: object) -> str | None:
        """Check that a model is named, by its key or by its label."""
        if key is None and with_id is not None:
            return None
        if not isinstance(key, str) or not MODEL_KEY.fullmatch(key):
            raise InvalidValueError(
                f"key {shown(key)} cannot name a model: give 1 to 16 capital letters and digits, beginning with a "
                'letter, such as key="NET", or with_id="MNIST-NET" for a model that is there'
            )
        return key


class ModelVersion(Run):
    """A version of a model, made by `tidelog.init_model_version`."""

    @staticmethod
    def checked_model(model: str | None, with_id: object) -> str | None:
        """Check that a version has a model, or is there already."""
        if (model is None) == (with_id is None):
            raise InvalidValueError(
                'a model version is new, as in init_model_version(model="MNIST-NET"), or one that is there, as in '
                'init_model_version(with_id="MNIST-NET-3"); give exactly one of the two'
            )
        return model

    def change_stage(self, stage: str) -> None:
        """Say how far the version has come: none, staging, production or archived. Logged as `sys/stage`."""
        if stage not in STAGES:
            raise InvalidValueError(f"stage {shown(stage)} is none of {', '.join(STAGES)}; the stage was not changed")
        self["sys/stage"].assign(stage)

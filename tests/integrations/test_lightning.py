"""The Logger contract of PyTorch Lightning, kept by TidelogLogger in real training on a real server."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_utilities.core.rank_zero import rank_zero_only
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers.logger import Logger

import tidelog
from tests.integrations.conftest import QUIET, Server, stored
from tests.integrations.tiny_training import BATCHES, TinyModel, loader, tiny_trainer
from tidelog_integrations.lightning import TidelogLogger

pytestmark = QUIET


class Recorder(Logger):
    """Keeps every call of log_metrics: what any logger is given."""

    name = version = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self.points: dict[str, dict[float, float]] = {}

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        assert step is not None
        for name, value in metrics.items():
            self.points.setdefault(name, {})[step] = value

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        pass


def test_every_point_that_lightning_logs_is_on_the_server(to_server: Server, logger: TidelogLogger) -> None:
    """Beside a logger that notes each call, every metric has the same points, bit for bit."""
    recorder = Recorder()
    tiny_trainer([logger, recorder]).fit(TinyModel(), loader(), loader(1))
    run = stored(to_server, logger)
    assert set(recorder.points) == {"train/loss_step", "train/loss_epoch", "val/loss", "epoch"}
    assert len(recorder.points["train/loss_step"]) == 2 * BATCHES
    for name, points in recorder.points.items():
        assert to_server.points(run, f"training/{name}") == sorted(points.items()), name


def test_fit_validate_and_test_go_into_one_run(to_server: Server, logger: TidelogLogger) -> None:
    """The run stays open between the Trainer's calls and ends when it is stopped."""
    trainer = tiny_trainer(logger)
    model = TinyModel()
    trainer.fit(model, loader(), loader(1))
    trainer.validate(model, loader(1), verbose=False)
    trainer.test(model, loader(2), verbose=False)
    run = stored(to_server, logger)
    attributes = to_server.attributes(run)
    assert run["state"] == "running"
    assert attributes["test/loss"]["last_step"] == 2 * BATCHES
    assert attributes["status"] == "success"
    logger.experiment.stop()
    assert to_server.run(logger.version)["state"] == "finished"


def test_hyper_parameters_are_nested_values(to_server: Server, logger: TidelogLogger) -> None:
    """What save_hyperparameters collects becomes attributes: numbers as numbers, the rest as text."""
    model = TinyModel(lr=0.02, optimizer={"kind": torch.optim.SGD, "momentum": 0.9})
    tiny_trainer(logger, max_epochs=1).fit(model, loader(), loader(1))
    attributes = to_server.attributes(stored(to_server, logger))
    assert attributes["hyperparams/lr"] == 0.02
    assert attributes["hyperparams/optimizer/momentum"] == 0.9
    assert attributes["hyperparams/optimizer/kind"] == "torch.optim.sgd.SGD"
    assert attributes["hyperparams/fails_at"] == "None"


def test_name_and_tags_are_the_runs(to_server: Server, logger: TidelogLogger) -> None:
    """Arguments that are init_run's get there."""
    logger.log_metrics({"loss": 1.0}, step=0)
    attributes = to_server.attributes(stored(to_server, logger), prefix="sys")
    assert attributes["name"] == "tiny"
    assert attributes["tags"] == ["test"]


def test_the_model_is_summed_up(to_server: Server, logger: TidelogLogger) -> None:
    """Training records the table of layers and the number of parameters without being asked."""
    tiny_trainer(logger, max_epochs=1).fit(TinyModel(), loader(), loader(1))
    attributes = to_server.attributes(stored(to_server, logger))
    assert "Linear" in attributes["model/summary"]
    assert attributes["model/parameters"] == 4
    assert attributes["model/trainable_parameters"] == 4


def test_a_model_with_an_example_input_is_not_run_by_the_logger(to_server: Server, logger: TidelogLogger) -> None:
    """A forward pass on rank 0 alone would hang a sharded model, so only an explicit call makes one."""
    model = TinyModel()
    model.example_input_array = torch.zeros(1, 3)
    model.forward = model.layer.forward
    logger.log_graph(model)
    logger.experiment["touched"] = True
    assert "model/summary" not in to_server.attributes(stored(to_server, logger))
    logger.log_model_summary(model)
    assert "Linear" in to_server.attributes(stored(to_server, logger))["model/summary"]


def test_lightning_files_checkpoints_under_project_and_run(
    to_server: Server, logger: TidelogLogger, tmp_path: Path
) -> None:
    """Two runs never share a folder, and it is known before the server has answered."""
    trainer = tiny_trainer(logger, max_epochs=1)
    trainer.fit(TinyModel(), loader(), loader(1))
    folder = tmp_path / "lightning" / logger.version
    assert Path(trainer.checkpoint_callback.best_model_path).resolve() == folder / "checkpoints" / "epoch=0.ckpt"
    assert logger.log_dir is not None
    assert Path(logger.log_dir).resolve() == folder
    assert trainer.log_dir == logger.save_dir


def test_failed_training_ends_the_run_with_its_traceback(to_server: Server, logger: TidelogLogger) -> None:
    """A caller that catches the exception still finds the run failed, and why."""
    with pytest.raises(ArithmeticError):
        tiny_trainer(logger).fit(TinyModel(fails_at=3), loader(), loader(1))
    run = to_server.run(logger.version)
    assert run["state"] == "failed"
    assert "ArithmeticError: the loss is not a number any more" in run["error"]
    assert to_server.attributes(run)["status"] == "failed"
    assert len(to_server.points(run, "training/train/loss_step")) == 3


def test_a_run_that_failed_goes_on_when_it_is_used_again(to_server: Server, logger: TidelogLogger) -> None:
    """Training again with the same logger continues the same run."""
    with pytest.raises(ArithmeticError):
        tiny_trainer(logger).fit(TinyModel(fails_at=3), loader(), loader(1))
    tiny_trainer(logger).fit(TinyModel(), loader(), loader(1))
    run = stored(to_server, logger)
    assert run["state"] == "running"
    assert len(to_server.points(run, "training/train/loss_step")) == 2 * BATCHES


def test_training_resumed_from_a_checkpoint_continues_the_curves(to_server: Server) -> None:
    """A second job with the run's key and a checkpoint adds its steps to the same series."""
    key = "resumed-job"
    first = TidelogLogger(custom_run_id=key, capture_hardware=False)
    trainer = tiny_trainer(first, max_epochs=1)
    trainer.fit(TinyModel(), loader(), loader(1))
    first.experiment.stop()
    second = TidelogLogger(custom_run_id=key, capture_hardware=False)
    path = trainer.checkpoint_callback.best_model_path
    tiny_trainer(second, max_epochs=3).fit(TinyModel(), loader(), loader(1), ckpt_path=path, weights_only=False)
    second.experiment.stop()
    points = to_server.points(to_server.run(key), "training/train/loss_step")
    assert [step for step, _ in points] == list(range(3 * BATCHES))


def test_steps_that_are_logged_again_begin_an_attempt(to_server: Server) -> None:
    """A job that goes on from an older checkpoint takes the curve over; the tail of before stays beside it."""
    first = TidelogLogger(custom_run_id="two-attempts", capture_hardware=False)
    every = ModelCheckpoint(every_n_train_steps=4, filename="{step}", save_top_k=-1)
    trainer = tiny_trainer(first, max_epochs=2, callbacks=[every])
    trainer.fit(TinyModel(), loader(), loader(1))
    first.experiment.stop()
    lost = to_server.points(to_server.run("two-attempts"), "training/train/loss_step")
    second = TidelogLogger(custom_run_id="two-attempts", capture_hardware=False)
    path = os.path.join(every.dirpath or "", "step=12.ckpt")
    model = TinyModel(lr=0.01)
    again = tiny_trainer(second, max_epochs=2, callbacks=[every])
    again.fit(model, loader(), loader(1), ckpt_path=path, weights_only=False)
    assert [attempt.number for attempt in second.experiment.attempts] == [0, 1]
    abandoned = second.experiment["training/train/loss_step"].fetch_values(abandoned_by=1)
    second.experiment.stop()
    points = to_server.points(to_server.run("two-attempts"), "training/train/loss_step")
    assert [step for step, _ in points] == list(range(2 * BATCHES))
    assert list(abandoned["step"]) == [12, 13, 14, 15]
    assert list(abandoned["value"]) == [value for _, value in lost[12:]]


def test_images_and_tables_are_logged_as_with_other_loggers(to_server: Server, logger: TidelogLogger) -> None:
    """log_image and log_table take what WandbLogger's take; without a step they go to that of the last metrics."""
    picture = torch.rand(3, 8, 8)
    logger.log_metrics({"loss": 1.0}, step=7)
    logger.log_image("one", [picture])
    logger.log_image("two", [picture, picture], step=9, caption=["a cat", "a dog"])
    logger.log_table("scores", columns=["class", "score"], data=[["cat", 0.9]])
    logger.log_text("words", columns=["said"], data=[["hello"]])
    stored(to_server, logger)
    kinds = logger.experiment.get_attribute_types("training")
    assert {path.removeprefix("training/"): kind for path, kind in kinds.items()} == {
        "loss": "float series", "one": "file series", "two/0": "file series", "two/1": "file series",
        "scores": "file series", "words": "file series",
    }  # fmt: skip
    images = logger.experiment["training"]
    assert list(images["one"].fetch_values()["step"]) == [7]
    assert list(images["two/1"].fetch_values()["step"]) == [9]
    assert images["two/1"].fetch_last()["description"] == "a dog"
    table = tidelog.Table.load(images["scores"].download_last("scores.json"))
    assert (table.names, table.columns) == (["class", "score"], [["cat"], [0.9]])


def test_images_that_are_no_list_are_refused(logger: TidelogLogger) -> None:
    """A single image in place of a list, or too few captions, raises at the call."""
    with pytest.raises(TypeError, match="not a list of images"):
        logger.log_image("one", torch.rand(3, 8, 8))  # type: ignore[arg-type]  # that is the mistake
    with pytest.raises(ValueError, match="captions"):
        logger.log_image("two", [torch.rand(3, 8, 8)], caption=["a", "b"])


def test_a_run_of_ones_own_is_left_open(to_server: Server) -> None:
    """Who opened the run stops it: the logger neither ends it nor hides it."""
    with tidelog.init_run(name="mine", capture_hardware=False) as run:
        logger = TidelogLogger(run=run)
        tiny_trainer(logger, max_epochs=1).fit(TinyModel(), loader(), loader(1))
        assert logger.experiment is run
        assert logger.version == run.key
        assert logger.name == run.project == "lightning"
        run["after"] = "training"
    assert run.key is not None
    stored_run = to_server.run(run.key)
    assert stored_run["state"] == "finished"
    assert to_server.attributes(stored_run)["train/loss_step"]["points"] == BATCHES


def test_a_run_and_arguments_for_one_exclude_each_other(to_server: Server) -> None:
    """An argument that would be ignored is refused at the call."""
    with tidelog.init_run(mode="debug") as run, pytest.raises(ValueError, match="a run is given, so name"):
        TidelogLogger(run=run, name="ignored")


@pytest.mark.parametrize("prefix", ["", "phases/first"])
def test_everything_is_below_the_prefix(to_server: Server, prefix: str) -> None:
    """Metrics and parameters go where the prefix says; an empty one means the top of the run."""
    logger = TidelogLogger(prefix=prefix, capture_hardware=False)
    logger.log_metrics({"loss": 0.5, "accuracy": 0.9}, step=4)
    logger.log_hyperparams({"lr": 0.1})
    run = stored(to_server, logger)
    logger.experiment.stop()
    top = f"{prefix}/" if prefix else ""
    assert to_server.points(run, f"{top}loss") == [(4, 0.5)]
    assert to_server.attributes(run, prefix=f"{top}hyperparams")["lr"] == 0.1


def test_other_ranks_log_nothing(to_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """On rank 1 no call opens a run, and code that uses logger.experiment goes on working."""
    monkeypatch.setattr(tidelog, "init_run", lambda **_: pytest.fail("rank 1 opened a run"))
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    logger = TidelogLogger()
    logger.log_metrics({"loss": 1.0}, step=0)
    logger.log_hyperparams({"lr": 0.1})
    logger.log_graph(TinyModel())
    logger.finalize("success")
    logger.experiment["a/b"].append(1.0)
    logger.experiment["c"] = 1
    assert logger.name == "lightning"


def test_nothing_is_opened_for_a_job_that_never_logs(to_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A logger that is made and finalised leaves no empty run behind."""
    monkeypatch.setattr(tidelog, "init_run", lambda **_: pytest.fail("a run was opened"))
    TidelogLogger().finalize("success")


def test_a_pickled_logger_joins_the_same_run(to_server: Server, logger: TidelogLogger) -> None:
    """A process that gets a copy logs to the run that the original logs to."""
    logger.log_metrics({"loss": 1.0}, step=0)
    copy = pickle.loads(pickle.dumps(logger))
    copy.log_metrics({"loss": 2.0}, step=1)
    copy.experiment.stop()
    assert copy.version == logger.version
    assert to_server.points(stored(to_server, logger), "training/loss") == [(0, 1.0), (1, 2.0)]


def test_a_pickled_logger_of_ones_own_run_joins_it_too(to_server: Server) -> None:
    """The run itself stays where it is; the copy opens it by its key."""
    with tidelog.init_run(capture_hardware=False) as run:
        run["note"] = "mine"
        run.wait()  # until then the server knows of the copy only, and takes its end for the run's
        copy = pickle.loads(pickle.dumps(TidelogLogger(run=run)))
        copy.log_metrics({"loss": 2.0}, step=1)
        copy.experiment.stop()
        assert copy.version == run.key
        assert to_server.run(copy.version)["state"] == "running"
    assert run.key is not None
    assert to_server.points(to_server.run(run.key), "training/loss") == [(1, 2.0)]


def test_training_does_not_notice_that_the_server_is_away(
    to_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a server a fit runs to its end, and all of it waits on disk."""
    monkeypatch.setenv("TIDELOG_URL", "http://127.0.0.1:9")
    logger = TidelogLogger(capture_hardware=False)
    trainer = tiny_trainer(logger)
    trainer.fit(TinyModel(), loader(), loader(1))
    logger.experiment.stop(timeout_s=0.1)
    assert trainer.global_step == 2 * BATCHES
    assert list((tmp_path / "journals").glob("*/*/*/*.segment"))

"""The parts of a comparison as pages: relations, groups, source, and the comparison beside the table."""

from __future__ import annotations

import pytest

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog.values.encoding import encode_value
from tidelog_server.pages.comparing.differences import lines_between, pieces_of

RUNS = "&".join(f"run=MNIST-{number + 1}" for number in range(12))


@pytest.fixture
def sweep(pages: Pages) -> Pages:
    """Twelve runs whose loss falls with their rate, of two optimizers, with a list of packages."""
    for number in range(12):
        sender = Sender(pages.services.receiver, project="mnist", key=f"run-{number}", name=f"run {number}")
        values = {
            "params/lr": 0.1 * number,
            "params/optimizer": "adam" if number % 2 else "sgd",
            "source_code/commit": f"abc{number}def",
            "source_code/packages": f"numpy==2.{number // 6}\ntorch==2.13\nscipy==1.1",
        }
        for path, value in values.items():
            sender.journal.assign(path, encode_value(path, value))
        sender.journal.column("val/loss", [(step, 2.0 - 0.1 * number + 0.01 * (number % 2)) for step in range(3)])
        sender.journal.end()
        sender.ship()
        pages.services.folder.fold(sender.run_id)
    return pages


def test_relations_name_their_methods_and_numbers(sweep: Pages) -> None:
    """Correlation, p, n and the fit of the model are said, and the metric can be another one."""
    text = sweep.get(f"/projects/mnist/compare?{RUNS}&tab=relations&target=min(val/loss)").text
    assert "Spearman" in text
    assert "Kruskal-Wallis" in text
    assert "What goes with min(val/loss)" in text
    assert "R² = 0.9" in text
    assert text.count("<polyline") == 12
    assert text.count("plot-mark") == 12


def test_groups_say_n_interval_and_test(sweep: Pages) -> None:
    """Two groups of six runs, with both tests by name."""
    text = sweep.get(f"/projects/mnist/compare?{RUNS}&tab=groups&by=params/optimizer&target=val/loss").text
    assert "adam · n 6" in text
    assert "Welch&#39;s t test" in text
    assert "Mann-Whitney U test" in text
    assert "These runs do not show that adam and sgd differ in val/loss." in text


def test_packages_that_differ_are_a_table(sweep: Pages) -> None:
    """One row for each, with the changed part of its version marked; those of one version everywhere are left out."""
    text = sweep.get("/projects/mnist/compare?run=MNIST-1&run=MNIST-12&tab=source").text
    packages = text.partition("Packages that differ")[2]
    assert 'title="numpy"' in packages
    assert '<mark class="changed">1</mark>' in packages
    assert "torch" not in packages
    assert '<mark class="changed">11</mark>' in text


def test_long_texts_are_compared_to_their_end(pages: Pages) -> None:
    """A difference behind what a cell shows is shown; a package that one run lacks is said to be not installed."""
    lines = [f"package-{number}==1.{number}" for number in range(200)]
    for number in range(2):
        sender = Sender(pages.services.receiver, project="p", key=f"run-{number}")
        patch = "\n".join([*("+ same" for _ in range(500)), f"+ of <{number}>"])
        requirements = "\n".join([*lines, *(["zlib==9"] if number else [])])
        for path, text in {"source_code/diff": patch, "source_code/requirements": requirements}.items():
            sender.journal.assign(path, encode_value(path, text))
        sender.ship()
    text = pages.get("/projects/p/compare?run=P-1&run=P-2&tab=source").text
    assert "+ of &lt;0&gt;</div>" in text
    assert "+ of &lt;1&gt;</div>" in text
    assert text.count("not installed") == 1
    assert 'title="zlib"' in text
    assert "package-7" not in text


def test_the_comparison_stands_beside_the_table(sweep: Pages) -> None:
    """Of the first runs, or of those whose eyes are open; its tabs keep the table as it is."""
    text = sweep.get("/projects/mnist?view=split&sort=params/lr&first=3").text
    assert text.count('class="legend-run"') == 3
    assert "view=split&amp;sort=params/lr&amp;first=3&amp;tab=parameters" in text
    chosen = sweep.get("/projects/mnist?view=split&run=MNIST-2&run=MNIST-5").text
    assert chosen.count('class="legend-run"') == 2
    assert "No eye is open" in sweep.get("/projects/mnist?view=split&run=none").text
    for element in ("charts", "legend", "compare-body"):
        alone = sweep.get("/projects/mnist?view=split&run=MNIST-2", HX_Request="true", HX_Target=element).text
        assert f'id="{element}"' in alone
        assert "<html" not in alone
    part = sweep.get("/projects/mnist?view=split&run=MNIST-2&tab=source", HX_Request="true", HX_Target="pane").text
    assert part.startswith('<section id="pane"')


@pytest.mark.parametrize("tab", ["relations", "groups", "source", "nonsense"])
def test_runs_without_anything_have_every_part(pages: Pages, tab: str) -> None:
    """What cannot be worked out is said in words."""
    for number in range(2):
        sender = Sender(pages.services.receiver, project="mnist", key=f"bare-{number}", name="bare")
        sender.ship()
    answer = pages.get(f"/projects/mnist/compare?run=MNIST-1&run=MNIST-2&tab={tab}")
    assert answer.status_code == 200
    odd = pages.get(f"/projects/mnist/compare?run=MNIST-1&run=MNIST-2&tab={tab}&target=no/such&by=nor/this&a=x&b=x")
    assert odd.status_code == 200


def test_what_changed_within_a_value_is_marked() -> None:
    """Between what both begin and end with; nothing is marked where nothing is alike."""
    pieces = [(piece.text, piece.is_changed) for piece in pieces_of("resnet50-v2", "resnet18-v2")]
    assert pieces == [("resnet", False), ("50", True), ("-v2", False)]
    assert pieces_of("adam", "sgd") == ()
    assert pieces_of(1.0, 2.0) == ()


def test_lines_that_are_alike_are_left_out() -> None:
    """With two lines around each change, and a mark where lines are missing."""
    before = "\n".join(map(str, range(40)))
    lines = lines_between(before, before.replace("20", "twenty"))
    assert [line.sign for line in lines] == ["…", " ", " ", "-", "+", " ", " "]

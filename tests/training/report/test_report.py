import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.bundle.manifest import Task
from app.bundle.transforms import Feature
from app.bundle.transforms.category import CategoryFeature
from app.bundle.transforms.number import NumberFeature
from tests.browser import browse
from tests.training.report.reported import EXPLANATION, make_reported, with_table
from training.config import Config
from training.data.folds import CrossValidation, Spread
from training.data.table import Finding
from training.evaluation.evaluate import evaluate_predictions
from training.evaluation.insights import Insights
from training.evaluation.intervals import Estimate
from training.evaluation.partial_dependence import PartialDependence
from training.evaluation.segments import evaluate_segments
from training.evaluation.verdict import Verdict
from training.evaluation.worst_errors import WorstError
from training.release import Release
from training.report.report import render_report
from training.search.result import SearchResult
from training.search.space import Hyperparameter

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


class Page(HTMLParser):
    """Collects what a test asks of a page: its text, its section ids, and every attribute that could load a thing."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.sections: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.links += [
            values[one] for one in ("src", "href", "xlink:href", "srcset", "action", "data") if one in values
        ]
        self.ids += [values["id"]] if "id" in values else []
        self.sections += [values["id"]] if tag == "section" else []

    def handle_data(self, data: str) -> None:
        if self.get_starttag_text() != "<style>":
            self.text += data + " "


def render(release: Release) -> str:
    return render_report(release, version=7)


@cache
def rendered(task: Task = "binary") -> str:
    return render(make_reported(task))


COMMON_SECTIONS = {"result", "learning", "features", "data", "parity", "provenance"}


@pytest.mark.parametrize(
    ("task", "own"),
    [
        ("binary", {"mistakes", "ranking", "calibration"}),
        ("multiclass", {"mistakes", "ranking", "calibration"}),
        ("regression", {"errors"}),
    ],
)
def test_every_task_has_its_sections_and_the_links_to_them(task: Task, own: set[str]) -> None:
    page = Page(rendered(task))
    assert set(page.sections) == COMMON_SECTIONS | own
    assert {link[1:] for link in page.links if link.startswith("#")} >= set(page.sections)


def test_a_search_is_told_with_what_it_found() -> None:
    settings = {"network.members": 4, "network.bins": None}
    space = (Hyperparameter("network.members", (8, 4)), Hyperparameter("network.bins", (None, 16)))
    config = Config()
    found = SearchResult(
        config=config, settings=settings, space=space, trials=9, pruned=3, seconds=90, loss=0.5, default_loss=0.625
    )
    page = Page(render(replace(make_reported(), search=found)))
    assert set(page.sections) >= COMMON_SECTIONS | {"search"}
    assert "#search" in page.links
    assert "9 configurations were tried in 1.5 minutes, 3 of them stopped early." in page.text
    assert "loss on the validation split: 0.5000; the default configuration's: 0.6250." in page.text
    assert "network.members 4 8 8, 4 network.bins by the data by the data by the data, 16" in page.text
    nothing = replace(found, settings={}, trials=0, pruned=0, loss=None, default_loss=None)
    assert "so the model uses the default configuration" in Page(render(replace(make_reported(), search=nothing))).text


def test_cross_validation_is_told_by_mean_and_deviation() -> None:
    folds = CrossValidation(5, {"roc_auc": Spread(0.8125, 0.0375)})
    page = Page(render(replace(make_reported(), cross_validation=folds)))
    assert set(page.sections) >= COMMON_SECTIONS | {"folds"}
    assert "#folds" in page.links
    assert "ROC-AUC 0.812 0.037" in page.text or "ROC-AUC 0.812 0.038" in page.text


def test_the_headline_shows_the_test_metrics_beside_the_baseline() -> None:
    verdict = make_reported().verdict
    test, baseline = verdict.test.metrics, verdict.baseline.metrics
    page = Page(rendered())
    assert f"ROC-AUC {test['roc_auc']:.3f} baseline 0.500" in page.text
    assert f"Accuracy {test['accuracy']:.3f} baseline {baseline['accuracy']:.3f}" in page.text


def test_every_metric_of_every_task_is_shown() -> None:
    for task in TASKS:
        release = make_reported(task)
        table = rendered(task).split("<h3>All metrics</h3>")[1].split("</table>")[0]
        assert table.count('<th scope="row">') == len(release.verdict.test.metrics)


def test_a_model_that_does_not_beat_the_baseline_is_called_so() -> None:
    release = make_reported()
    assert "No better than the baseline" not in rendered()
    worse = render(replace(release, verdict=replace(release.verdict, test=release.verdict.baseline)))
    assert "No better than the baseline</b> in ROC-AUC, PR-AUC, F1, Accuracy" in worse


def test_the_confusion_matrix_shows_every_count() -> None:
    release = make_reported()
    html = rendered()
    cells = re.findall(r'<td class="(?:right|wrong)[^>]*>(\d+)', html)
    assert [int(one) for one in cells] == [count for row in release.verdict.test.confusion for count in row]


def test_features_are_shown_with_statistics_distribution_and_missing_share() -> None:
    features = rendered().split('<section id="features">')[1].split("</section>")[0]
    text = Page(features).text
    assert "income number Euros a month" in text
    assert "1,200 to 1,800" in text
    assert "missing 50 %" in text  # the sentinel counts as missing
    assert "missing 25 %" in text
    assert re.search(r"rent\s*67 %", text)


def test_findings_certificate_and_provenance_are_shown() -> None:
    text = Page(rendered()).text
    for shown in (
        "income two cells hold a blank taken as missing 2",
        "in batches of 1, 2, 7, 120",
        "2.4e-07",
        "Label flips 0",
        "2026-05-04 03:02 UTC",
        "ab" * 32,
        "keras 3.15.1, onnxruntime 1.32.0",
        '"optimizer": "adam"',
        "best epoch, 2 of 3",
    ):
        assert shown in text


def test_a_clean_table_says_so() -> None:
    assert "Cleaning found no problem" in render(with_table(make_reported(), findings=()))


def test_names_of_columns_labels_and_categories_are_escaped() -> None:
    evil = "<script>alert('x')</script>\"&"
    features: tuple[Feature, ...] = (
        NumberFeature(name=evil, nullable=False, description=evil),
        CategoryFeature(name="home", nullable=False),
    )
    columns: dict[str, Any] = {evil: np.arange(4.0), "home": [evil, "rent", "rent", "rent"]}
    release = make_reported("binary", ("good", evil), features, columns)
    release = with_table(release, target_name=evil, findings=(Finding(evil, evil, evil, 1),))
    provenance = release.provenance.model_copy(update={"data_file": evil, "config": {evil: evil}})
    html = render(replace(release, name=evil, provenance=provenance))
    assert "script" not in Page(html).tags
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 12


@pytest.mark.parametrize("task", TASKS)
def test_nothing_is_fetched_from_anywhere(task: Task) -> None:
    html = rendered(task)
    page = Page(html)
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert all(target.startswith("#") for target in re.findall(r"url\(\s*[\"']?([^)]*)", html))
    assert not re.search(r"https?:|@import|//[a-z]+\.", html)
    assert page.tags.isdisjoint({"script", "iframe", "object", "embed", "img"})
    assert "default-src 'none'" in html


@pytest.mark.parametrize("task", TASKS)
def test_the_same_input_gives_the_same_file(task: Task) -> None:
    assert render(make_reported(task)) == rendered(task)


@pytest.mark.parametrize("task", TASKS)
def test_ids_are_unique_so_that_plots_do_not_share_clips_and_markers(task: Task) -> None:
    ids = Page(rendered(task)).ids
    assert len(ids) == len(set(ids))


def test_plots_take_their_colours_from_the_page() -> None:
    svg = "".join(re.findall(r'<svg class="plot".*?</svg>', rendered(), re.DOTALL))
    assert "var(--series-0)" in svg
    assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) == set()


def test_many_labels_in_any_script_keep_to_ten_colours_and_name_the_rest() -> None:
    labels = tuple(f"标签 {index} with a name that is far too long for any table to hold it" for index in range(14))
    html = render(make_reported("multiclass", labels))
    assert "The ten labels that are hardest to rank are in colour." in html
    assert "4 other labels" in html
    assert "标签 13" in html


def test_a_matrix_of_too_many_labels_gives_way_to_the_most_frequent_mistakes() -> None:
    html = render(make_reported("multiclass", tuple(f"label {index}" for index in range(40))))
    assert "Confusion matrix" not in html
    assert "Most frequent mistakes" in html


def test_a_test_split_of_one_label_has_no_ranking_section() -> None:
    one = evaluate_predictions("binary", ("good", "bad"), np.zeros(3, dtype=np.int64), np.array([[0.8, 0.2]] * 3))
    page = Page(render(replace(make_reported(), verdict=Verdict(one, one, one))))
    assert "ranking" not in page.sections
    assert "The model answers bad for none of the rows." in page.text


def test_a_history_of_one_epoch_without_validation_is_drawn() -> None:
    html = render(replace(make_reported(), history={"loss": [0.5]}, best_epoch=1))
    assert 'aria-label="Line chart of loss by epoch"' in html


def test_a_wide_table_stays_well_below_the_size_that_mail_takes() -> None:
    random = np.random.default_rng(3)
    features = tuple(NumberFeature(name=f"a long feature name {index}", nullable=False) for index in range(60))
    columns: dict[str, Any] = {one.name: random.normal(size=500) for one in features}
    html = render(make_reported(features=features, columns=columns))
    assert len(html) < 1_500_000
    assert html.count('class="mini"') == 60


@pytest.mark.parametrize("task", TASKS)
def test_a_browser_renders_the_report_without_a_complaint(task: Task, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(rendered(task), encoding="utf-8")
    shown, console = browse((tmp_path / "report.html").as_uri(), tmp_path / "profile")
    page = Page(shown)
    assert set(page.sections) >= COMMON_SECTIONS
    assert "loans version 7" in page.text
    assert "CONSOLE" not in console


def test_a_browser_refuses_what_the_report_does_not_bring_itself(tmp_path: Path) -> None:
    """Also shows that the test above would see a complaint."""
    spoilt = rendered().replace("</main>", '<img src="picture.png"><script>1</script></main>')
    (tmp_path / "report.html").write_text(spoilt, encoding="utf-8")
    _, console = browse((tmp_path / "report.html").as_uri(), tmp_path / "profile")
    assert "violates the following Content Security Policy" in console


def explained(task: Task = "binary", text: str = "north") -> Release:
    """A report with insights, in which every text is the given one."""
    release = make_reported(task)
    labels = release.model.table.labels
    n_outputs = len(labels or ("value",))
    answers = np.random.default_rng(0).random((120, n_outputs))
    answers = answers / answers.sum(axis=1, keepdims=True) if labels else answers
    truth: Any = np.arange(120) % n_outputs if labels else np.linspace(0, 1, 120)
    cells: list[float | str | None] = [text] * 60 + [f"{text} 2"] * 55 + [None] * 5
    mean = tuple(np.linspace(0.1, 0.3, n_outputs).tolist())
    return replace(
        release,
        insights=Insights(
            intervals={"roc_auc": Estimate(0.8, 0.71, 0.89, 120)} if task == "binary" else {},
            partial_dependences=(
                PartialDependence("income", (1.0, 2.0, 3.5), (mean, mean, mean), mean),
                PartialDependence(text, (text, f"{text} 2"), (mean, mean), None),
            ),
            worst_errors=(WorstError(41, text, text, 0.02 if labels else None, 3.9, ((text, text), ("b", "2"))),),
            segmentations=evaluate_segments(task, {text: cells}, truth, answers, 0.5, seed=1),
        ),
    )


@cache
def rendered_explained(task: Task = "binary") -> str:
    return render(explained(task))


INSIGHTS = {"worst", "segments", "dependence"}


@pytest.mark.parametrize("task", TASKS)
def test_what_explains_has_sections_and_links_to_them(task: Task) -> None:
    page = Page(rendered_explained(task))
    assert set(page.sections) >= INSIGHTS
    assert {link[1:] for link in page.links if link.startswith("#")} >= set(page.sections)
    assert len(page.ids) == len(set(page.ids))


def test_an_interval_stands_beside_its_metric() -> None:
    page = Page(rendered_explained())
    assert "95 % interval: 0.710 to 0.890" in page.text


def test_numbers_are_drawn_with_a_table_beside_and_other_values_are_a_table() -> None:
    html = rendered_explained()
    dependence = html.partition('<section id="dependence">')[2].partition("</section>")[0]
    assert dependence.count('<svg class="plot"') == 1
    assert dependence.count('<table class="effect">') == 2
    assert dependence.count("<summary>As a table</summary>") == 1
    assert dependence.count("<span>missing</span>") == 1


def test_many_labels_have_a_curve_each_up_to_five() -> None:
    labels = tuple(f"label {index}" for index in range(9))
    release = make_reported("multiclass", labels)
    mean = tuple(index / 36 for index in range(9))
    insights = Insights(partial_dependences=(PartialDependence("income", (1.0, 2.0), (mean, mean), None),))
    html = render(replace(release, insights=insights))
    section = html.partition('<section id="dependence">')[2].partition("</section>")[0]
    assert section.count('class="swatch"') == 5


def test_a_worst_error_tells_row_labels_probability_and_cells() -> None:
    text = Page(rendered_explained()).text
    assert "41 north north 2.0 % 3.900 north north · b 2" in text


def test_a_segment_of_few_rows_and_the_gaps_are_told() -> None:
    text = Page(rendered_explained()).text
    assert "missing 5 too few rows to tell" in text
    assert "Demographic parity ratio smallest divided by largest selection rate" in text


def test_names_and_cells_of_what_explains_are_escaped() -> None:
    html = render(explained(text="<script>alert(1)</script>"))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 8


@pytest.mark.parametrize("task", TASKS)
def test_a_browser_renders_what_explains_without_a_complaint(task: Task, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(rendered_explained(task), encoding="utf-8")
    shown, console = browse((tmp_path / "report.html").as_uri(), tmp_path / "profile")
    assert set(Page(shown).sections) >= INSIGHTS
    assert "CONSOLE" not in console


def test_the_proof_of_explanations_or_that_there_are_none_is_told() -> None:
    assert "This version cannot explain its answers." in render(make_reported())
    told = " ".join(render(replace(make_reported(), explanation=EXPLANATION)).split())
    assert "at most 2.4e-07 (tolerance 1e-03)." in told
    assert "the completeness gap, is 0.0012 in the median and at most 0.034." in told

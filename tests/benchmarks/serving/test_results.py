from benchmarks.serving.results import Sample, as_json, document, table


def sample(round: int, server: str, cpu_us: float) -> Sample:
    return Sample(round, "1 row · 64 conn.", server, 1e6 / cpu_us, 10, 20, cpu_us, 1e6 / cpu_us, 100, 1.5, 0.1)


def test_a_ratio_is_taken_within_its_round_before_the_median() -> None:
    """A machine that is slow for a round slows both, which is what the ratio is for."""
    samples = [
        *(sample(number, "limit", cpu) for number, cpu in ((1, 10), (2, 100), (3, 10))),
        *(sample(number, "slipway", cpu) for number, cpu in ((1, 20), (2, 200), (3, 40))),
    ]
    limit, slipway = table(samples).splitlines()[2:]
    assert "| limit | 10.0 |" in limit
    assert "| slipway | 40.0 (2.00×) |" in slipway


def test_without_the_limit_there_are_figures_but_no_ratios() -> None:
    assert "×" not in table([sample(1, "slipway", 20)])


def test_the_document_says_how_busy_the_machine_was() -> None:
    assert "10% of its cores" in document([sample(1, "limit", 10)], {"name": "run", "machine": "a machine"})


def test_the_samples_are_kept() -> None:
    assert as_json([sample(1, "limit", 10)], {})["samples"][0]["cpu_us"] == 10

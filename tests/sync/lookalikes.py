"""People who are much alike, people who resemble nobody, and who is which customer."""

from __future__ import annotations

from typing import Any

from tests.sync.hubs import Stage, members, person

BORN = "1980-03-04"
BOB = person("Robert Thornbury", email="rob.thornbury@mail.example", birth_date=BORN)
ALSO_BOB = person("Bob Thornbury", email="bob@work.example", birth_date=BORN)
MAYBE_BOB = person("Bob Thornbury", email="bob@work.example")
CROWD = ("Maud Fenwick", "Igor Petrov", "Chioma Obi", "Lars Nygaard", "Yuki Tanaka", "Rosa Delgado", "Ines Moreau",
         "Omar Haddad", "Petra Vogel", "Sean Gallagher", "Priya Nair", "Tomas Novak")  # fmt: skip


def put(stage: Stage, *people: dict[str, Any]) -> list[str]:
    """The ids of people newly in the shop."""
    return [stage.shop.put("people", one) for one in people]


def crowd(stage: Stage, count: int = len(CROWD)) -> None:
    """People who resemble nobody."""
    for number, name in enumerate(CROWD[:count]):
        stage.shop.put(
            "people", person(name, email=f"x{number}{number}@{name[-3:].lower()}{number}.example"), id=f"c{number}"
        )


def ids_of(stage: Stage) -> dict[str, str]:
    """Each member and the customer that it is of."""
    return {member: one.id for one in stage.customers() for member in members(one)}

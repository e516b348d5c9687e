"""Made-up people to begin with, on addresses and numbers that are reserved for examples."""

from __future__ import annotations

from connectors.memory.sandbox import World

GIVEN = ("Ada", "Bo", "Chidi", "Dana", "Emre", "Farida", "Goran", "Hanna", "Ines", "Jun", "Kofi", "Lena", "Mateo")
FAMILY = ("Abara", "Berg", "Castro", "Dvorak", "Eriksen", "Fofana", "Grant", "Haddad", "Ito", "Janssen", "Kaur")
COMPANIES = ("Alder", "Birch", "Cedar", "Dogwood", "Elm")
CITIES = (("Leeds", "GB"), ("Lyon", "FR"), ("Graz", "AT"), ("Turin", "IT"))


def populate(world: World, people: int) -> None:
    """Fills a world that has nobody yet: so many people over its teams, and the companies some of them work for.

    The same number always gives the same people. Addresses are under example.com (RFC 2606), numbers in the London
    range that Ofcom keeps for drama (020 7946 0000 to 0999).
    """
    with world.holdings() as holdings:
        if people == 0 or holdings.table("people").rows:
            return
        for company in COMPANIES[: 1 + people // 10]:
            domain = f"{company.lower()}.example.com"
            world.put("companies", {"name": f"{company} Ltd", "domain": domain, "email": f"hello@{domain}"})
        teams = list(holdings.teams)
        for number in range(people):
            given, family = GIVEN[number % len(GIVEN)], FAMILY[number % len(FAMILY)]
            company = COMPANIES[number % len(COMPANIES)]
            city, country = CITIES[number % len(CITIES)]
            values = {
                "given_name": given,
                "family_name": family,
                "email": f"{given}.{family}.{number}@{company}.example.com".lower(),
                "phone": f"+442079460{number % 1000:03}",
                "company": f"{company} Ltd",
                "city": city,
                "country": country,
                "stage": "lead" if number % 3 else "customer",
            }
            world.put("people", values, team=teams[number % len(teams)])

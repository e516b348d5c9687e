"""Where the invented company's customers live: names, streets, towns and phone numbers, country by country.

Every list was made up for this purpose out of names that are common there. Mail providers end in ``.example``, which
nobody can register (RFC 2606); the numbers keep to the shape of their country's plan and are never called.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Country:
    """One country: ``mobile`` and ``landline`` are E.164 patterns in which ``#`` stands for a digit.

    ``trunk`` is what people there dial in front of a national number. ``towns`` are names with a postal code pattern,
    in which ``@`` stands for a letter.
    """

    code: str
    name: str
    language: str
    weight: int
    calling: str
    trunk: str
    mobile: str
    landline: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    streets: tuple[str, ...]
    towns: tuple[tuple[str, str], ...]
    providers: tuple[str, ...]
    number_first: bool = False


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


COUNTRIES = (
    Country(
        "NL",
        "Netherlands",
        "nl",
        42,
        "31",
        "0",
        "+3161#######",
        "+31433######",
        _words(
            "Marloes, Sanne, Daan, Sem, Femke, Lotte, Joost, Ruben, Thijs, Noor, Jasper, Anouk, Bram, Iris, "
            "Maarten, Wouter, Esther, Hanneke, Roos, Koen, Mees, Floor, Pieter, Jeroen, Linda, Tess, Gijs, "
            "Annemiek, Stijn, Fleur, Sjoerd, Yara, Hidde, Nienke"
        ),
        _words(
            "Jansen, de Vries, Bakker, Hendriks, van den Berg, Visser, Smeets, Janssen, Meijer, Mulder, Bos, Vos, "
            "Peters, Kuipers, Dekker, van Dijk, Claessens, Willems, Geurts, Schoenmakers, Hermans, Driessen, "
            "Crutzen, Lemmens, Frissen, Wolters, 't Hooft, Verhagen, van der Linden, Op den Kamp, Hoogland, "
            "Brouwers, Franssen, Nijsten"
        ),
        _words(
            "Brusselsestraat, Tongersestraat, Scharnerweg, Volksplein, Akersteenweg, Meerssenerweg, "
            "Capucijnenstraat, Sint Annalaan, Calvariestraat, Parkweg, Wycker Brugstraat, Molenweg"
        ),
        (
            ("Maastricht", "62## @@"),
            ("Heerlen", "641# @@"),
            ("Sittard", "613# @@"),
            ("Valkenburg", "630# @@"),
            ("Eijsden", "624# @@"),
        ),
        ("postbus.example", "kabelnet.example", "thuis.example"),
    ),
    Country(
        "DE",
        "Germany",
        "de",
        22,
        "49",
        "0",
        "+49151########",
        "+49241######",
        _words(
            "Jürgen, Anke, Björn, Silke, Lukas, Hannah, Felix, Greta, Matthias, Käthe, Torsten, Ulrike, Jonas, "
            "Mia, Holger, Sabine, Günter, Birgit, Moritz, Leonie, Andreas, Petra, Niklas, Charlotte, Sören, "
            "Frieda, Kai, Annegret"
        ),
        _words(
            "Müller, Schröder, Weiß, Krämer, Brandt, Keller, Hoffmann, Esser, Lürken, Jansen, Schmitz, Pütz, "
            "Königs, Bräuer, Vogt, Winkler, Offermanns, Nießen, Zimmermann, Roth, Baumann, Lenzen, Hermanns, "
            "Möller"
        ),
        _words(
            "Jülicher Straße, Roermonder Straße, Lousbergstraße, Pontstraße, Trierer Straße, Adalbertsteinweg, "
            "Bergweg, Kirchgasse, Am Hang, Gartenstraße"
        ),
        (("Aachen", "520##"), ("Herzogenrath", "52134"), ("Würselen", "52146"), ("Eschweiler", "52249")),
        ("briefkasten.example", "fernpost.example"),
    ),
    Country(
        "BE",
        "Belgium",
        "fr",
        14,
        "32",
        "0",
        "+3247#######",
        "+3242######",
        _words(
            "Amélie, Benoît, Céline, Luc, Océane, Quentin, Aurélie, Dries, Lieve, Wout, Bart, Inge, Elise, Noé, "
            "Maud, Gaëtan, Joke, Pascale, Bavo, Delphine"
        ),
        _words(
            "Dubois, Lambert, Peeters, Maes, Lejeune, Simon, Claes, Wouters, Delvaux, Renard, Goossens, Dupont, "
            "Thiry, Vandenberghe, Collard, Leclercq, Mertens, Noël"
        ),
        _words(
            "Rue de la Halle, Rue Saint-Gilles, Boulevard Piercot, Quai de Rome, Maastrichterstraat, Zuivelmarkt, "
            "Koningin Astridlaan, Rue du Pont"
        ),
        (("Liège", "4000"), ("Visé", "4600"), ("Tongeren", "3700"), ("Hasselt", "3500"), ("Genk", "3600")),
        ("boite.example", "kabelnet.example"),
    ),
    Country(
        "FR",
        "France",
        "fr",
        8,
        "33",
        "0",
        "+336########",
        "+33388######",
        _words(
            "Chloé, Théo, Manon, Hugo, Élodie, Rémi, Margaux, Florian, Inès, Baptiste, Hélène, Sylvain, Noémie, "
            "Fabrice, Zoé"
        ),
        _words(
            "Martin, Lefèvre, Moreau, Girard, Fontaine, Mercier, Chevalier, Garnier, Roussel, Lemaire, Perrin, "
            "Guérin, Bonnet, d'Aubigny"
        ),
        _words("rue des Tonneliers, avenue de la Forêt, rue du Moulin, place Broglie, quai des Bateliers, rue Haute"),
        (("Strasbourg", "67000"), ("Metz", "57000"), ("Lille", "59000"), ("Colmar", "68000")),
        ("courrier.example", "lettre.example"),
        number_first=True,
    ),
    Country(
        "GB",
        "United Kingdom",
        "en",
        7,
        "44",
        "0",
        "+4474########",
        "+441214960###",
        _words(
            "Imogen, Callum, Bethan, Rhys, Harriet, Alasdair, Niamh, Toby, Priya, Gareth, Eleanor, Owen, Freya, Marcus"
        ),
        _words(
            "Whitaker, Pritchard, Hargreaves, O'Connor, Lloyd, Ashworth, Fairbairn, Sutcliffe, Patel, Bannister, "
            "McAllister, Thornton-Jones"
        ),
        _words("Canal Street, Mill Lane, Station Road, Orchard Close, High Street, Quarry Hill"),
        (("Birmingham", "B1# 4@@"), ("Sheffield", "S1# 2@@"), ("Cardiff", "CF1# 3@@")),
        ("letterbox.example", "homemail.example"),
        number_first=True,
    ),
    Country(
        "ES",
        "Spain",
        "es",
        4,
        "34",
        "",
        "+346########",
        "+3493#######",
        _words("Íñigo, Lucía, Joaquín, Nuria, Álvaro, Begoña, Sergi, Marta, Iván, Rocío"),
        _words("García, Muñoz, Ibáñez, Castaño, Serrano, Peña, Vidal, Domènech, Romero, Núñez"),
        _words("Calle del Olmo, Carrer de la Lluna, Avenida del Puerto, Calle Mayor, Plaza Vieja"),
        (("Girona", "1700#"), ("Zaragoza", "5000#"), ("Barcelona", "0800#")),
        ("buzon.example",),
    ),
    Country(
        "PL",
        "Poland",
        "pl",
        3,
        "48",
        "",
        "+48501######",
        "+4812#######",
        _words("Tomasz, Agnieszka, Łukasz, Małgorzata, Paweł, Zofia, Krzysztof, Żaneta, Michał, Ewa"),
        _words("Wójcik, Kowalczyk, Zieliński, Szymańska, Dąbrowski, Lewandowska, Kozłowski, Jabłońska, Grabowski"),
        _words("ulica Długa, ulica Lipowa, aleja Róż, ulica Młyńska"),
        (("Kraków", "30-0##"), ("Wrocław", "50-1##"), ("Poznań", "60-2##")),
        ("skrzynka.example",),
    ),
)

BY_CODE = {country.code: country for country in COUNTRIES}


def filled(rng: Random, pattern: str) -> str:
    """The pattern with its ``#`` as digits and its ``@`` as capital letters; a leading digit of a group is never 0."""
    made: list[str] = []
    for char in pattern:
        if char == "#":
            first = not made or not made[-1].isdigit()
            made.append(str(rng.randint(1 if first else 0, 9)))
        elif char == "@":
            made.append(rng.choice("ABDEGHKLNPRSTVWXZ"))
        else:
            made.append(char)
    return "".join(made)

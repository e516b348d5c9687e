"""Country codes out of codes and names in several languages."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# alpha-2, alpha-3, then names: English first, then what German, French, Spanish, Italian and Dutch address books write.
# The list of codes is ISO 3166-1 (iso.org/obp, read 2026-11), with XK as most systems use it for Kosovo.
_TABLE = """
AD AND Andorra|Andorre
AE ARE United Arab Emirates|UAE|Vereinigte Arabische Emirate|Émirats arabes unis|Emiratos Árabes Unidos
AF AFG Afghanistan|Afganistán
AG ATG Antigua and Barbuda|Antigua und Barbuda
AI AIA Anguilla
AL ALB Albania|Albanien|Albanie
AM ARM Armenia|Armenien|Arménie
AO AGO Angola
AQ ATA Antarctica|Antarktis
AR ARG Argentina|Argentinien|Argentine|Argentinië
AS ASM American Samoa
AT AUT Austria|Österreich|Oesterreich|Autriche|Oostenrijk
AU AUS Australia|Australien|Australie|Australië
AW ABW Aruba
AX ALA Åland Islands|Åland|Aland
AZ AZE Azerbaijan|Aserbaidschan|Azerbaïdjan|Azerbaiyán
BA BIH Bosnia and Herzegovina|Bosnia|Bosnien und Herzegowina|Bosnien|Bosnie-Herzégovine
BB BRB Barbados|Barbade
BD BGD Bangladesh|Bangladesch
BE BEL Belgium|Belgien|Belgique|Bélgica|Belgio|België
BF BFA Burkina Faso
BG BGR Bulgaria|Bulgarien|Bulgarie|Bulgarije
BH BHR Bahrain|Bahreïn|Baréin
BI BDI Burundi
BJ BEN Benin|Bénin
BL BLM Saint Barthélemy
BM BMU Bermuda
BN BRN Brunei|Brunei Darussalam
BO BOL Bolivia|Bolivien|Bolivie|Bolivia (Plurinational State of)
BQ BES Bonaire|Caribbean Netherlands|Bonaire, Sint Eustatius and Saba
BR BRA Brazil|Brasilien|Brésil|Brasil|Brasile|Brazilië
BS BHS Bahamas|The Bahamas
BT BTN Bhutan
BV BVT Bouvet Island
BW BWA Botswana
BY BLR Belarus|Weißrussland|Biélorussie|Bielorrusia
BZ BLZ Belize
CA CAN Canada|Kanada|Canadá
CC CCK Cocos (Keeling) Islands|Cocos Islands
CD COD Congo, Democratic Republic of the|Democratic Republic of the Congo|DR Congo|DRC|Demokratische Republik Kongo
CF CAF Central African Republic|Zentralafrikanische Republik|République centrafricaine
CG COG Congo|Republic of the Congo|Kongo
CH CHE Switzerland|Schweiz|Suisse|Suiza|Svizzera|Zwitserland|Swiss
CI CIV Côte d'Ivoire|Ivory Coast|Elfenbeinküste
CK COK Cook Islands
CL CHL Chile|Chili
CM CMR Cameroon|Kamerun|Cameroun
CN CHN China|People's Republic of China|PRC|Chine|Cina|中国
CO COL Colombia|Kolumbien|Colombie
CR CRI Costa Rica
CU CUB Cuba|Kuba
CV CPV Cape Verde|Cabo Verde|Kap Verde
CW CUW Curaçao
CX CXR Christmas Island
CY CYP Cyprus|Zypern|Chypre|Chipre|Cipro
CZ CZE Czech Republic|Czechia|Tschechien|Tschechische Republik|République tchèque|Tchéquie|República Checa|Česko
DE DEU Germany|Deutschland|Allemagne|Alemania|Germania|Duitsland|Federal Republic of Germany|BRD|Niemcy|Tyskland
DJ DJI Djibouti|Dschibuti
DK DNK Denmark|Dänemark|Danemark|Dinamarca|Danimarca|Denemarken|Danmark
DM DMA Dominica
DO DOM Dominican Republic|Dominikanische Republik|République dominicaine|República Dominicana
DZ DZA Algeria|Algerien|Algérie|Argelia
EC ECU Ecuador|Équateur
EE EST Estonia|Estland|Estonie|Eesti
EG EGY Egypt|Ägypten|Égypte|Egipto|Egitto|Egypte
EH ESH Western Sahara|Westsahara
ER ERI Eritrea
ES ESP Spain|Spanien|Espagne|España|Spagna|Spanje
ET ETH Ethiopia|Äthiopien|Éthiopie|Etiopía
FI FIN Finland|Finnland|Finlande|Finlandia|Suomi
FJ FJI Fiji|Fidschi
FK FLK Falkland Islands|Falkland Islands (Malvinas)|Falklandinseln
FM FSM Micronesia|Micronesia (Federated States of)|Mikronesien
FO FRO Faroe Islands|Färöer
FR FRA France|Frankreich|Francia|Frankrijk|Frankrig|Francja
GA GAB Gabon|Gabun
GB GBR United Kingdom|UK|U.K.|Great Britain|Britain|England|Scotland|Wales|Northern Ireland|Vereinigtes Königreich
GB GBR Großbritannien|Royaume-Uni|Grande-Bretagne|Angleterre|Reino Unido|Regno Unito|Inghilterra|Verenigd Koninkrijk
GB GBR United Kingdom of Great Britain and Northern Ireland
GD GRD Grenada
GE GEO Georgia|Georgien|Géorgie
GF GUF French Guiana|Guyane
GG GGY Guernsey
GH GHA Ghana
GI GIB Gibraltar
GL GRL Greenland|Grönland|Groenland
GM GMB Gambia|The Gambia
GN GIN Guinea|Guinée
GP GLP Guadeloupe
GQ GNQ Equatorial Guinea|Äquatorialguinea
GR GRC Greece|Griechenland|Grèce|Grecia|Griekenland|Hellas|Ελλάδα
GS SGS South Georgia and the South Sandwich Islands|South Georgia
GT GTM Guatemala
GU GUM Guam
GW GNB Guinea-Bissau
GY GUY Guyana
HK HKG Hong Kong|Hongkong|Hong Kong SAR|Hong Kong SAR China|香港
HM HMD Heard Island and McDonald Islands
HN HND Honduras
HR HRV Croatia|Kroatien|Croatie|Croacia|Croazia|Hrvatska|Kroatië
HT HTI Haiti|Haïti
HU HUN Hungary|Ungarn|Hongrie|Hungría|Ungheria|Hongarije|Magyarország
ID IDN Indonesia|Indonesien|Indonésie
IE IRL Ireland|Irland|Irlande|Irlanda|Ierland|Republic of Ireland|Éire
IL ISR Israel|Israël
IM IMN Isle of Man
IN IND India|Indien|Inde
IO IOT British Indian Ocean Territory
IQ IRQ Iraq|Irak
IR IRN Iran|Iran (Islamic Republic of)|Islamic Republic of Iran
IS ISL Iceland|Island|Islande|Islandia|IJsland
IT ITA Italy|Italien|Italie|Italia|Italië
JE JEY Jersey
JM JAM Jamaica|Jamaika
JO JOR Jordan|Jordanien|Jordanie
JP JPN Japan|Japon|Japón|Giappone|日本
KE KEN Kenya|Kenia
KG KGZ Kyrgyzstan|Kirgisistan
KH KHM Cambodia|Kambodscha|Cambodge
KI KIR Kiribati
KM COM Comoros|Komoren
KN KNA Saint Kitts and Nevis
KP PRK North Korea|Korea, Democratic People's Republic of|Nordkorea
KR KOR South Korea|Korea|Republic of Korea|Korea, Republic of|Südkorea|Corée du Sud|Corea del Sur|Zuid-Korea|대한민국
KW KWT Kuwait|Koweït
KY CYM Cayman Islands
KZ KAZ Kazakhstan|Kasachstan|Kazajistán
LA LAO Laos|Lao People's Democratic Republic
LB LBN Lebanon|Libanon|Liban|Líbano
LC LCA Saint Lucia
LI LIE Liechtenstein
LK LKA Sri Lanka
LR LBR Liberia
LS LSO Lesotho
LT LTU Lithuania|Litauen|Lituanie|Lituania|Litouwen|Lietuva
LU LUX Luxembourg|Luxemburg|Luxemburgo|Lussemburgo
LV LVA Latvia|Lettland|Lettonie|Letonia|Letland|Latvija
LY LBY Libya|Libyen|Libye
MA MAR Morocco|Marokko|Maroc|Marruecos|Marocco
MC MCO Monaco
MD MDA Moldova|Moldova, Republic of|Moldawien|Republik Moldau
ME MNE Montenegro|Monténégro
MF MAF Saint Martin|Saint Martin (French part)
MG MDG Madagascar|Madagaskar
MH MHL Marshall Islands
MK MKD North Macedonia|Macedonia|Nordmazedonien|Mazedonien|Macédoine du Nord
ML MLI Mali
MM MMR Myanmar|Burma
MN MNG Mongolia|Mongolei|Mongolie
MO MAC Macao|Macau
MP MNP Northern Mariana Islands
MQ MTQ Martinique
MR MRT Mauritania|Mauretanien|Mauritanie
MS MSR Montserrat
MT MLT Malta|Malte
MU MUS Mauritius|Île Maurice|Maurice
MV MDV Maldives|Malediven
MW MWI Malawi
MX MEX Mexico|México|Mexiko|Mexique|Messico
MY MYS Malaysia|Malaisie|Malasia|Maleisië
MZ MOZ Mozambique|Mosambik
NA NAM Namibia|Namibie
NC NCL New Caledonia|Neukaledonien|Nouvelle-Calédonie
NE NER Niger
NF NFK Norfolk Island
NG NGA Nigeria|Nigéria
NI NIC Nicaragua
NL NLD Netherlands|The Netherlands|Holland|Niederlande|Pays-Bas|Países Bajos|Paesi Bassi|Olanda|Nederland
NO NOR Norway|Norwegen|Norvège|Noruega|Norvegia|Noorwegen|Norge
NP NPL Nepal|Népal
NR NRU Nauru
NU NIU Niue
NZ NZL New Zealand|Neuseeland|Nouvelle-Zélande|Nueva Zelanda|Nuova Zelanda|Nieuw-Zeeland|Aotearoa
OM OMN Oman
PA PAN Panama|Panamá
PE PER Peru|Perú|Pérou
PF PYF French Polynesia|Polynésie française
PG PNG Papua New Guinea|Papua-Neuguinea
PH PHL Philippines|Philippinen|Filipinas|Filipijnen
PK PAK Pakistan|Pakistán
PL POL Poland|Polen|Pologne|Polonia|Polska
PM SPM Saint Pierre and Miquelon
PN PCN Pitcairn
PR PRI Puerto Rico
PS PSE Palestine|Palestine, State of|Palestinian Territories|Palästina
PT PRT Portugal|Portogallo
PW PLW Palau
PY PRY Paraguay
QA QAT Qatar|Katar
RE REU Réunion|La Réunion
RO ROU Romania|Rumänien|Roumanie|Rumanía|Roemenië|România
RS SRB Serbia|Serbien|Serbie|Srbija|Servië
RU RUS Russia|Russian Federation|Russland|Russische Föderation|Russie|Rusia|Rusland|Россия
RW RWA Rwanda|Ruanda
SA SAU Saudi Arabia|Saudi-Arabien|Arabie saoudite|Arabia Saudí|Arabia Saudita|KSA
SB SLB Solomon Islands
SC SYC Seychelles|Seychellen
SD SDN Sudan|Soudan
SE SWE Sweden|Schweden|Suède|Suecia|Svezia|Zweden|Sverige
SG SGP Singapore|Singapur|Singapour
SH SHN Saint Helena|Saint Helena, Ascension and Tristan da Cunha
SI SVN Slovenia|Slowenien|Slovénie|Eslovenia|Slovenië|Slovenija
SJ SJM Svalbard and Jan Mayen
SK SVK Slovakia|Slovak Republic|Slowakei|Slovaquie|Eslovaquia|Slowakije|Slovensko
SL SLE Sierra Leone
SM SMR San Marino
SN SEN Senegal|Sénégal
SO SOM Somalia|Somalie
SR SUR Suriname|Surinam
SS SSD South Sudan|Südsudan
ST STP São Tomé and Príncipe|Sao Tome and Principe
SV SLV El Salvador|Salvador
SX SXM Sint Maarten|Sint Maarten (Dutch part)
SY SYR Syria|Syrian Arab Republic|Syrien|Syrie
SZ SWZ Eswatini|Swaziland
TC TCA Turks and Caicos Islands
TD TCD Chad|Tschad|Tchad
TF ATF French Southern Territories
TG TGO Togo
TH THA Thailand|Thaïlande|Tailandia
TJ TJK Tajikistan|Tadschikistan
TK TKL Tokelau
TL TLS Timor-Leste|East Timor
TM TKM Turkmenistan
TN TUN Tunisia|Tunesien|Tunisie|Túnez
TO TON Tonga
TR TUR Turkey|Türkiye|Türkei|Turquie|Turquía|Turchia|Turkije
TT TTO Trinidad and Tobago
TV TUV Tuvalu
TW TWN Taiwan|Taiwan, Province of China|Taïwan|Taiwán|臺灣|台灣
TZ TZA Tanzania|Tanzania, United Republic of|Tansania|Tanzanie
UA UKR Ukraine|Ucrania|Ucraina|Oekraïne|Україна
UG UGA Uganda|Ouganda
UM UMI United States Minor Outlying Islands
US USA United States|the United States|United States of America|U.S.A.|U.S.|America|Vereinigte Staaten|États-Unis
US USA Vereinigte Staaten von Amerika|Estados Unidos|EE. UU.|EEUU|Stati Uniti|Verenigde Staten
UY URY Uruguay
UZ UZB Uzbekistan|Usbekistan
VA VAT Vatican City|Holy See|Vatikanstadt
VC VCT Saint Vincent and the Grenadines
VE VEN Venezuela|Venezuela (Bolivarian Republic of)
VG VGB British Virgin Islands|Virgin Islands (British)
VI VIR US Virgin Islands|Virgin Islands (U.S.)
VN VNM Vietnam|Viet Nam|Viêt Nam
VU VUT Vanuatu
WF WLF Wallis and Futuna
WS WSM Samoa
XK XKX Kosovo
YE YEM Yemen|Jemen|Yémen
YT MYT Mayotte
ZA ZAF South Africa|Südafrika|Afrique du Sud|Sudáfrica|Sudafrica|Zuid-Afrika
ZM ZMB Zambia|Sambia
ZW ZWE Zimbabwe|Simbabwe
"""


def _folded(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in bare if letter.isalnum() and not unicodedata.combining(letter))


def _index() -> dict[str, str]:
    index: dict[str, str] = {}
    for line in _TABLE.strip().splitlines():
        alpha2, alpha3, names = line.split(" ", 2)
        for name in (alpha2, alpha3, *names.split("|")):
            index[_folded(name)] = alpha2
    return index


_INDEX = _index()
_CODES = frozenset(_INDEX.values())


def country(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a code or a name, or None. Case, accents and punctuation do not matter."""
    text = text.strip()
    if text in _CODES:
        return text
    return _named(text) if len(text) <= 80 else None


@lru_cache(maxsize=4096)
def _named(text: str) -> str | None:
    return _INDEX.get(_folded(text))

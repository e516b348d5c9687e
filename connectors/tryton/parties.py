"""Whether a party is a person or an organization, which Tryton does not say, and whether it is one of our own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PERSON, ORGANIZATION = "person", "organization"

_PERSONAL = """
ar_dni at_vnr be_bis be_nn bg_egn bg_pnf br_cpf ca_sin ch_ssn cn_ric cr_cpf cr_cr cu_ni cz_rc de_idnr dk_cpr do_cedula
ec_ci ee_ik es_dni es_nie fi_hetu fi_veronumero fr_nir gb_nhs gb_upn gr_amka ie_pps il_idnr in_aadhaar in_epic
it_codicefiscale kr_krn lt_asmens mu_nid my_nric nl_bsn nl_onderwijsnummer no_fodselsnummer pe_cui pk_cnic pl_pesel
pt_cc ro_cnp se_personnummer si_emso sk_rc tr_tckimlik us_atin us_itin us_ptin us_ssn za_idnr
"""
_BUSINESS = """
at_businessid au_abn au_acn br_cnpj ca_bn ch_uid cn_uscc cr_cpj de_handelsregisternummer dk_cvr ee_registrikood es_cif
eu_at_02 eu_oss fi_associationid fi_ytunnus fr_siren fr_siret il_hp jp_cn kr_brn md_idno nl_brin no_orgnr pl_regon
ro_onrc se_orgnr si_businessid us_ein
"""
_LEGAL_FORMS = """
ab ag aps as asa bhd bv bvba co corp corporation cv cyf doo eg eirl eurl ev foundation gbr gmbh ggmbh gie ik inc
incorporated kft kg kgaa limited llc llp lp ltd ltda mbh nv ohg oy oyj plc pte pty pvt sa sab sac sapa sarl sas sasu sca
sci scop scrl se sl slu snc spa sprl srl sro stiftung ug verein vof zoo zrt
"""
PERSONAL, BUSINESS = frozenset(_PERSONAL.split()), frozenset(_BUSINESS.split())
"""Types of identifier that belong to people, and to businesses alone (trytond/modules/party/party.py, 7.0 and 8.2)."""
VALUE_ADDED = ("_vat", "_uid", "_mva", "_tva", "_btw", "_iva", "_alv", "_pvm", "_kmkr", "_ddv", "_dph", "_nip")
LEGAL_FORMS = frozenset(_LEGAL_FORMS.split())
SUREST_LENGTH = 4
"""Words this long tell a legal form in any case; shorter ones only at the end of a name, where Se and Co are no
surnames."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What the admin says about parties; every text in lower case."""

    employment: frozenset[str]
    persons: frozenset[str]
    organizations: frozenset[str]
    otherwise: str


def sort(body: Mapping[str, Any], telling: Telling, employees: Collection[int] = ()) -> str:
    """``person`` or ``organization``: by category where the admin names some, then by employment, then by identifiers
    and the legal form in the name, and else what the admin takes the unclear ones for."""
    categories = set(_categories(body))
    if categories & telling.persons:
        return PERSON
    if categories & telling.organizations:
        return ORGANIZATION
    if body.get("id") in employees or employer(body, telling):
        return PERSON
    types = {str(each.get("type") or "") for each in body.get("identifiers") or ()}
    if types & PERSONAL:
        return PERSON
    if types & BUSINESS or any(each.endswith(VALUE_ADDED) for each in types) or _incorporated(body):
        return ORGANIZATION
    return telling.otherwise


def employer(body: Mapping[str, Any], telling: Telling) -> str | None:
    """The name of the party that this one works for, by the last of its relations of a type that says so; the server
    leaves out those that have ended."""
    found = None
    for each in body.get("relations") or ():
        kind = str((each.get("type") or {}).get("name") or "").casefold()
        if kind in telling.employment:
            found = (each.get("to") or {}).get("name") or found
    return found


def _categories(body: Mapping[str, Any]) -> Iterator[str]:
    """Names of categories, with all that they lie under (``Customers / Private``)."""
    for each in body.get("categories") or ():
        full = str(each.get("rec_name") or "").casefold()
        yield full
        yield from (part.strip() for part in full.split("/"))


def _incorporated(body: Mapping[str, Any]) -> bool:
    words = str(body.get("name") or "").casefold().replace(".", "").replace(",", " ").split()
    last = words[-1:] if len(words) > 1 else []
    return any(word in LEGAL_FORMS for word in [*last, *(word for word in words[1:] if len(word) >= SUREST_LENGTH)])

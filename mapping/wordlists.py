"""Words that tell something about a value: role mailboxes, placeholders, titles, yes and no. Split them at spaces."""

from __future__ import annotations

ROLE_MAILBOXES = """
abuse accounting accounts accountspayable accountsreceivable accueil achats acquisti admin administracion
administratie administration administrator all amministrazione anfrage anfragen angebot angebote anmeldung
atencionalcliente backoffice bestellingen bestellung bestellungen bewerbung bewerbungen billing biuro boekhouding
bokforing bokföring bookings bounce bounces buchhaltung buero büro careers clientes commande commandes compliance
compras comptabilite comptabilité contabilidad contabilita contabilità contact contacto contactus contato customercare
customerservice customerservices customersupport daemon direction dispatch dpo einkauf ekonomi empfang encomendas
enquiries enquiry events facturacion facturación facturas facturation facture facturen factures factuur faktura
fakturace faktury fatturazione fatture feedback fibu finance financeiro finances frontdesk frontoffice gdpr general
geral geschaeftsleitung geschäftsleitung hallo hello help helpdesk hi hola hostmaster hr info information inkoop
inquiries inquiry invoice invoices iroda it jobs kanzlei karriere klantenservice kontakt ksiegowosc księgowość
kundendienst kundenservice kundeservice kundservice legal logistics mail mailbox mailerdaemon management marketing
media membership news newsletter notification notifications obchod objednavky office operations ops order orders
ordini ordre partners payments payroll pedidos penzugy personal post postmaster praxis press presse privacy
procurement purchasing recepcion recepción receptie reception receptionist rechnung rechnungen rechnungswesen
recruiting recruitment registration regnskab rendeles reservas reservation reservations rezeption root rrhh sales
secretaria secretariat secrétariat security segreteria sekretariat service servicedesk services shipping shop sklep
sprzedaz sprzedaż staff store subscribe support team tech technical uctarna ufficio unsubscribe vendas vendite ventas
verkauf verkoop versand vertrieb verwaltung warehouse webmaster webshop website welcome werkstatt zamowienia
zamówienia zentrale
"""
"""Local parts that belong to a function, so that many people stand behind one address (RFC 2142 and custom)."""

NO_REPLY = "noreply donotreply dontreply nichtantworten nepasrepondre mailerdaemon bounce"
"""How local parts begin that nobody reads, without separators."""

NOBODY = """
noemail nomail noaddress noemailaddress keineemail keinemail sinemail sincorreo pasdemail notprovided notavailable
"""
"""Local parts that say "no address", without separators, whatever stands behind them."""

DUMMIES = """
none noone nobody no na null nil unknown dummy fake invalid asdf asd qwerty xxx xx x aaa aa a abc foo foobar deleted
anonymous placeholder test example email mail user name
"""
"""Words that make a placeholder when they stand on both sides of the sign."""

DUMMY_DOMAINS = "none.com noemail.com nomail.com asdf.com xxx.com fake.com unknown.com test.test"
"""Domains that people type when a form insists."""

TITLES = """
mr mrs ms miss mx dr prof professor sir dame lord lady rev reverend capt herr frau fräulein hr fr dipl ing dipl-ing mag
dkfm monsieur madame mademoiselle mme mlle señor señora señorita sr sra srta doña sig signor signora dott dottssa
dott.ssa mevr mevrouw dhr meneer
"""
"""What stands before a name, in lower case without a final point. Without those that are given names too (Don, Hon)."""

CREDENTIALS = """
phd md dds dvm esq mba msc bsc ma ba bs ms llm llb jd cpa cfa pmp rn pe mph edd dphil frcs obe mbe cbe kc qc bba beng
meng ccna cissp acca fcca dipl fca aca
"""
"""What stands behind a name, in lower case without points."""

PARTICLES = """
van von vom zu zum zur der den de del della dello dei degli di da do dos das du des la las le los lo ter ten te al el
bin ibn bint abu af av st saint
"""
"""With what a family name may begin."""

ROOTS = """
william bill billy will willie willy
robert bob bobby rob robbie
john jack johnny johnnie
jonathan jon
alexander alex sandy
ann anna anne annie
katherine catherine kathryn kate katie kathy cathy
elizabeth liz lizzie beth betty betsy eliza
margaret maggie peggy meg
michael mike mick mickey
james jim jimmy jamie
joseph joe joey
thomas tom tommy
richard rick dick rich
edward ed eddie ted
charles charlie chuck
patrick pat paddy
patricia patty trish
jane janie
martin marty
nicholas nick nicky
susan sue susie
josef sepp
johannes hannes
giuseppe beppe peppe
jose pepe
francisco paco pancho
peter pete
maria
jean
chris
guadalupe lupe
"""
"""Names, the root first, then what is short for it: where the table of the package nicknames is wrong or silent."""

COMPANY_FILLERS = "the and und et y e di de of group holding holdings international"
"""Words of a company's name that are left out as easily as put in."""

UNITS = "apt apartment unit flat suite ste room rm no nr number whg wohnung top stiege"
"""What stands before the number of a dwelling in a house."""

MALE_TITLES = "mr herr monsieur m señor sr sig signor don dhr sir lord"

FEMALE_TITLES = "mrs ms miss frau fr madame mme mademoiselle mlle señora sra señorita srta signora mevr"

YES = "true t yes y 1 on ja j oui o si sí s sim sí tak da evet hai x checked accepted subscribed opted_in wahr vrai"

NO = "false f no n 0 off nein non não nao nie nej nee hayır unchecked declined unsubscribed opted_out falsch faux"

CURRENCIES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR
ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG
SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UYW UZS VED VES VND
VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL
"""
"""ISO 4217, with three that lapsed lately (HRK, SLL, ZWL) and still stand in old orders."""

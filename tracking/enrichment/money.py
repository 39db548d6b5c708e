"""Amounts of money as whole minor units: cents, yen, fils. Exact, and pure.

Exponents are those of ISO 4217 (list one): two digits but for the currencies named here.
"""

import re
from decimal import ROUND_HALF_EVEN, Decimal

MOST = 10**11  # in major units: a batch and a slot of them still fit into 64 bits

_EXPONENTS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
    "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD "
    "KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO "
    "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL "
    "THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG "
    # withdrawn of late, and still sent by shops:
    "ANG BGN CUC HRK SLL ZWL",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS = {code: exponent for exponent, codes in _EXPONENTS.items() for code in codes.split()}
_STEPS = {exponent: Decimal(1).scaleb(-exponent) for exponent in _EXPONENTS}
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")


def minor_units(value: int | float | str, currency: str) -> tuple[str, int] | None:
    """(currency, minor units) of an amount in major units, as 12.5, "12.50" and "eur"; halves go to even.

    A float stands for the shortest decimal that it prints as. None for what is no number, an unknown
    currency, and amounts beyond 10^11.
    """
    code = currency.strip().upper()
    if code not in EXPONENTS or isinstance(value, bool):
        return None
    if isinstance(value, int) and abs(value) > MOST:  # before it is printed: Python refuses very long numbers
        return None
    text = str(value).strip()
    if not _NUMBER.fullmatch(text):
        return None
    amount = Decimal(text)
    if abs(amount) > MOST:
        return None
    exponent = EXPONENTS[code]
    minor = int(amount.quantize(_STEPS[exponent], ROUND_HALF_EVEN).scaleb(exponent))
    return code, minor

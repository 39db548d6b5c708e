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


Number = int | float | str | bool | Decimal | None


def decimal_of(value: Number) -> Decimal | None:
    """The number that is meant by 12.5 or "12.50". A float stands for the shortest decimal that it prints as.

    None for what is no number, and for those beyond 10^11.
    """
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int) and abs(value) > MOST:  # before it is printed: Python refuses very long numbers
        return None
    if not isinstance(value, Decimal):
        text = str(value).strip()
        if not _NUMBER.fullmatch(text):
            return None
        value = Decimal(text)
    return value if abs(value) <= MOST else None


def minor_units(value: Number, currency: str) -> tuple[str, int] | None:
    """(currency, minor units) of an amount in major units, as 12.5, "12.50" and "eur"; halves go to even.

    None for what is no such number, and for an unknown currency.
    """
    code = currency.strip().upper()
    if code not in EXPONENTS or (amount := decimal_of(value)) is None:
        return None
    return code, _whole(amount, EXPONENTS[code])


def thousandths(value: Number) -> int | None:
    """A number without a unit, in thousandths; halves go to even. None for what is no such number."""
    amount = decimal_of(value)
    return None if amount is None else _whole(amount, 3)


def _whole(amount: Decimal, exponent: int) -> int:
    return int(amount.quantize(_STEPS[exponent], ROUND_HALF_EVEN).scaleb(exponent))

"""How many controls the catalogues have that claims are made about."""

from __future__ import annotations

from collections.abc import Mapping

from basewatch.components.claims import Catalogue

SIZES: Mapping[Catalogue, Mapping[str, int]] = {
    # https://www.cisecurity.org/benchmark/amazon_web_services
    "CIS AWS Foundations": {"recommendations of 1.4": 58, "recommendations of 3.0": 62, "recommendations of 7.0": 70},
    # AICPA, 2017 Trust Services Criteria: 33 common, and 3 of availability, 2 of confidentiality, 5 of processing
    # integrity and 18 of privacy.
    "SOC 2": {"criteria": 61, "common criteria": 33},
    # 45 CFR 164.308, 164.310 and 164.312; 164 is the number of the part of the Code of Federal Regulations.
    "HIPAA Security Rule": {"standards": 18, "implementation specifications": 36, "of both": 54},
    # https://github.com/usnistgov/oscal-content: revision 5 with enhancements, and the baselines.
    "NIST 800-53": {
        "controls and enhancements that are not withdrawn": 1007,
        "of the high baseline": 370,
        "of the moderate baseline": 287,
        "of the low baseline": 149,
    },
}
"""The sizes of each catalogue's editions and parts."""


def has_size(catalogue: Catalogue, number: int) -> bool:
    """Whether the catalogue, or any of them for `any`, or a part of it, has this many controls."""
    return number in sizes(catalogue).values()


def sizes(catalogue: Catalogue) -> Mapping[str, int]:
    """The sizes of a catalogue's parts, in words; of `any`, those of all."""
    if catalogue != "any":
        return SIZES[catalogue]
    return {f"{part} ({name})": size for name, parts in SIZES.items() for part, size in parts.items()}

"""What makes words of a text: runs of letters and digits, reduced to the stem of its language.

The stems of every language stand in the same fields, so that a word is as rare as it is in all
texts; a field for each language would know the texts of that one only, and their mean length not.
"""

from __future__ import annotations

from functools import cache

import tantivy

ENGLISH = "english"
_LONGEST = 65  # bytes; a SHA-256 in hex is still a word
STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": ENGLISH, "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nb": "norwegian",
    "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
"""By the ISO 639 code of a language, what tantivy calls its stemmer (Snowball's)."""


def stemmer_of(language: str | None) -> str:
    """The stemmer of a language by its ISO 639 code; where it has none or is unknown, English."""
    return STEMMERS.get(language or "", ENGLISH)


@cache
def analyzer(stemmer: str = ENGLISH) -> tantivy.TextAnalyzer:
    """What makes words: runs of letters and digits, in lower case, without accents, stemmed.

    Accents go before the stems are made, so that a word without them is the same word.
    """
    filters = (
        tantivy.Filter.remove_long(_LONGEST),
        tantivy.Filter.lowercase(),
        tantivy.Filter.ascii_fold(),
        tantivy.Filter.stemmer(stemmer),
    )
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in filters:
        builder = builder.filter(step)
    return builder.build()

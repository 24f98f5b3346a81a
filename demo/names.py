"""Invented people: given and family names in Hungarian, Greek and English, in each language's own order."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from domain.clients.rules import name_key


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name in the letters of `language` (hu, el or en)."""

    language: str
    given: str
    family: str

    @property
    def full(self) -> str:
        """The name as it is said: in Hungarian the family name comes first."""
        return f"{self.family} {self.given}" if self.language == "hu" else f"{self.given} {self.family}"

    @property
    def mailbox(self) -> str:
        """The name as the local part of an e-mail address, such as "anna.kovacs"."""
        return f"{latin(self.given)}.{latin(self.family)}"


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language's names. Family names come in pairs, of a woman and of a man: in Greek they differ."""

    language: str
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[tuple[str, str], ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Family names that are one for both, or written woman/man."""
    halves = (word.partition("/") for word in text.split())
    return tuple((woman, man or woman) for woman, _, man in halves)


HUNGARIAN = Tongue(
    "hu",
    women=_words(
        """
        Anna Borbála Csilla Dóra Emese Enikő Eszter Fanni Gabriella Hajnalka Ildikó Judit Katalin Lilla Luca
        Márta Nóra Orsolya Piroska Réka Sára Tünde Veronika Zsófia
        """
    ),
    men=_words(
        """
        Ádám Ákos András Balázs Bence Botond Csaba Dániel Dezső Ernő Ferenc Gábor György István János Kristóf
        László Márton Miklós Péter Szabolcs Tamás Vilmos Zoltán
        """
    ),
    families=_pairs(
        """
        Antal Bakos Balogh Bárány Bíró Bognár Csonka Deák Dudás Erdélyi Fábián Faragó Fekete Gál Gulyás Hegedűs
        Horváth Illés Jakab Juhász Kelemen Kerekes Király Kocsis Kovács Lakatos Lengyel Lukács Major Máté
        Mészáros Molnár Nagy Orosz Pálfi Pintér Rácz Sipos Soós Szabó Szalai Szűcs Takács Tóth Vadász Varga
        Vörös Zsoldos
        """
    ),
)

GREEK = Tongue(
    "el",
    women=_words(
        """
        Αγγελική Αικατερίνη Αλεξάνδρα Αναστασία Βασιλική Γεωργία Δέσποινα Δήμητρα Ειρήνη Ελένη Ευαγγελία Ζωή
        Θεοδώρα Ιωάννα Καλλιόπη Κωνσταντίνα Μαρία Μελίνα Νεφέλη Ξένια Παναγιώτα Σοφία Φωτεινή Χριστίνα
        """
    ),
    men=_words(
        """
        Αθανάσιος Αλέξανδρος Ανδρέας Αντώνης Βασίλης Γιάννης Γιώργος Δημήτρης Ηλίας Θανάσης Θεόδωρος Ιάσονας
        Κώστας Λεωνίδας Μάριος Μιχάλης Νίκος Ορέστης Παναγιώτης Πέτρος Σπύρος Στέλιος Φίλιππος Χρήστος
        """
    ),
    families=_pairs(
        """
        Αγγελοπούλου/Αγγελόπουλος Αλεξίου Αναγνώστου Αντωνιάδη/Αντωνιάδης Βασιλείου Βλάχου/Βλάχος Γαλάνη/Γαλάνης
        Γεωργίου Γιαννοπούλου/Γιαννόπουλος Δελή/Δελής Δημητρίου Δρακοπούλου/Δρακόπουλος Ζαφειρίου
        Θεοδωρίδη/Θεοδωρίδης Ιωαννίδη/Ιωαννίδης Καλογεροπούλου/Καλογερόπουλος Καραγιάννη/Καραγιάννης
        Κατσαρού/Κατσαρός Κωνσταντίνου Λαζαρίδη/Λαζαρίδης Λιάπη/Λιάπης Μακρή/Μακρής Μανωλάκη/Μανωλάκης
        Μιχαηλίδη/Μιχαηλίδης Μυλωνά/Μυλωνάς Νικολάου Οικονόμου Παναγοπούλου/Παναγόπουλος Παπαδάκη/Παπαδάκης
        Παπαδοπούλου/Παπαδόπουλος Παυλίδη/Παυλίδης Πετρίδη/Πετρίδης Ράπτη/Ράπτης Σαμαρά/Σαμαράς Σταματίου
        Στεφανίδη/Στεφανίδης Τσακίρη/Τσακίρης Φωτίου Χατζή/Χατζής Χριστοδούλου
        """
    ),
)

ENGLISH = Tongue(
    "en",
    women=_words(
        """
        Abigail Alice Amelia Beatrice Charlotte Clara Daisy Eleanor Emily Evelyn Florence Grace Hannah Harriet
        Ivy Jasmine Katherine Lucy Matilda Nora Olivia Phoebe Rosalind Sophie
        """
    ),
    men=_words(
        """
        Adrian Alfred Benjamin Calvin Dominic Edward Elliot Frederick George Harold Isaac Jasper Julian Leonard
        Lewis Martin Nathan Oliver Patrick Rupert Samuel Theodore Vincent Walter
        """
    ),
    families=_pairs(
        """
        Abbott Adams Archer Baker Barnes Bennett Bishop Brooks Carter Chapman Coleman Cooper Dawson Dixon Ellis
        Fletcher Foster Gardner Gibson Graham Harper Hayes Holmes Hudson Jenkins Kennedy Lambert Lawson Marshall
        Mason Morgan Newman Osborne Palmer Parker Pearson Porter Reeves Russell Sawyer Shepherd Spencer Sutton
        Turner Walsh Watson Webster Wheeler
        """
    ),
)

TONGUES = MappingProxyType({tongue.language: tongue for tongue in (HUNGARIAN, GREEK, ENGLISH)})

_PAIRS = (("ου", "ou"), ("αυ", "av"), ("ευ", "ev"), ("γγ", "ng"))
_LETTERS = str.maketrans(
    {
        "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l",
        "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "ch",
        "ψ": "ps", "ω": "o",
    }
)  # fmt: skip


def drawn_name(draw: Random, language: str) -> PersonName:
    """A name of a woman or of a man, each as likely. Raises KeyError for a language without names."""
    tongue = TONGUES[language]
    is_woman = draw.random() < 0.5
    given = draw.choice(tongue.women if is_woman else tongue.men)
    woman, man = draw.choice(tongue.families)
    return PersonName(language, given, woman if is_woman else man)


def latin(name: str) -> str:
    """The name in lower-case ASCII letters; Greek by ELOT 743, as far as the names above need it."""
    folded = name_key(name)
    for greek, letters in _PAIRS:
        folded = folded.replace(greek, letters)
    return folded.translate(_LETTERS)

"""What owners and approvers are mailed about the policy, by language. The frontend's address is the only link."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from domain.notices.rules import MailText, written_language


class PolicyNews(StrEnum):
    """What there is to tell."""

    REVOKED = "revoked"
    """Access was taken away, and something follows that nobody was asked to agree to."""
    PROPOSED = "proposed"
    EXPIRED = "expired"
    VISIT_REQUESTED = "visit_requested"
    VISIT = "visit"
    NOT_FREE = "not_free"
    """A role of the network's own was proved free, and is no longer."""
    RELEASE = "release"
    """An upgrade changed what built-in roles may do."""


_TEXTS: Final[Mapping[str, Mapping[PolicyNews, MailText]]] = MappingProxyType(
    {
        "en": {
            PolicyNews.REVOKED: MailText(
                "{network}: access was taken away",
                "{who} took access away from {whom}.\n\nWhat follows:\n{details}\n\n"
                "Taking access away never waits for a consent, so nobody was asked.\n",
            ),
            PolicyNews.PROPOSED: MailText(
                "{network}: a change waits for you",
                "{who} proposed a change of who may do what, and you may decide it until {until}.\n\n{details}\n\n"
                "Sign in to see what it would do, and approve or reject it. {address}\n",
            ),
            PolicyNews.EXPIRED: MailText(
                "{network}: your proposal has expired",
                "Nobody decided the change that you proposed on {since}.\n\n{details}\n\n"
                "Propose it again if it is still wanted.\n",
            ),
            PolicyNews.VISIT_REQUESTED: MailText(
                "Somebody asks to be let in: {place}",
                "{who} asks to be let into your network for {hours} hours.\n\n"
                "As: {role}\nWhere: {place}\nWhy: {reason}\nAccount: {account}\n\n"
                "Nothing is open yet. To let them in, approve a visit of this account; else do nothing.\n",
            ),
            PolicyNews.VISIT: MailText(
                "{network}: a visit was approved",
                "{who} let somebody from outside in, until {until}.\n\n{details}\n\n"
                "The visit ends by itself; sign in to end it earlier. {address}\n",
            ),
            PolicyNews.NOT_FREE: MailText(
                "{network}: a role is no longer free",
                "{who} changed the role {role}. Whoever holds it now occupies a paid seat, because of:\n{details}\n",
            ),
            PolicyNews.RELEASE: MailText(
                "{network}: an upgrade changed what roles may do",
                "Remit was upgraded, and built-in roles changed. In your network:\n{details}\n\n"
                "Sign in to see who may do what now. {address}\n",
            ),
        },
        "hu": {
            PolicyNews.REVOKED: MailText(
                "{network}: hozzáférést vontak meg",
                "{who} megvonta a hozzáférését ennek a személynek: {whom}.\n\nKövetkezmények:\n{details}\n\n"
                "A hozzáférés megvonása soha nem vár jóváhagyásra, ezért senkit sem kérdeztünk meg.\n",
            ),
            PolicyNews.PROPOSED: MailText(
                "{network}: egy változtatás Önre vár",
                "{who} jogosultsági változtatást javasolt, amelyről Ön dönthet eddig: {until}.\n\n{details}\n\n"
                "Jelentkezzen be, nézze meg a hatását, és hagyja jóvá vagy utasítsa el. {address}\n",
            ),
            PolicyNews.EXPIRED: MailText(
                "{network}: a javaslata lejárt",
                "Senki sem döntött a változtatásról, amelyet ekkor javasolt: {since}.\n\n{details}\n\n"
                "Ha még szükséges, javasolja újra.\n",
            ),
            PolicyNews.VISIT_REQUESTED: MailText(
                "Belépést kérnek: {place}",
                "{who} {hours} órára belépést kér a hálózatukba.\n\n"
                "Szerepkör: {role}\nHol: {place}\nMiért: {reason}\nFiók: {account}\n\n"
                "Még semmi sincs nyitva. Ha beengedi, engedélyezzen látogatást ennek a fióknak; "
                "különben nincs teendője.\n",
            ),
            PolicyNews.VISIT: MailText(
                "{network}: látogatást hagytak jóvá",
                "{who} beengedett valakit kívülről, eddig: {until}.\n\n{details}\n\n"
                "A látogatás magától véget ér; korábbi befejezéshez jelentkezzen be. {address}\n",
            ),
            PolicyNews.NOT_FREE: MailText(
                "{network}: egy szerepkör már nem ingyenes",
                "{who} megváltoztatta ezt a szerepkört: {role}. Aki ezt viseli, fizetős helyet foglal el, mert:\n"
                "{details}\n",
            ),
            PolicyNews.RELEASE: MailText(
                "{network}: a frissítés megváltoztatta a szerepkörök jogait",
                "A Remit frissült, és a beépített szerepkörök megváltoztak. Az Ön hálózatában:\n{details}\n\n"
                "Jelentkezzen be, és nézze meg, ki mit tehet most. {address}\n",
            ),
        },
        "el": {
            PolicyNews.REVOKED: MailText(
                "{network}: αφαιρέθηκε πρόσβαση",
                "Ο/Η {who} αφαίρεσε την πρόσβαση από: {whom}.\n\nΤι ακολουθεί:\n{details}\n\n"
                "Η αφαίρεση πρόσβασης δεν περιμένει ποτέ έγκριση, γι' αυτό δεν ρωτήθηκε κανείς.\n",
            ),
            PolicyNews.PROPOSED: MailText(
                "{network}: μια αλλαγή σας περιμένει",
                "Ο/Η {who} πρότεινε αλλαγή δικαιωμάτων. Μπορείτε να αποφασίσετε έως {until}.\n\n{details}\n\n"
                "Συνδεθείτε για να δείτε τι θα έκανε και εγκρίνετε ή απορρίψτε την. {address}\n",
            ),
            PolicyNews.EXPIRED: MailText(
                "{network}: η πρότασή σας έληξε",
                "Κανείς δεν αποφάσισε για την αλλαγή που προτείνατε στις {since}.\n\n{details}\n\n"
                "Προτείνετέ την ξανά αν τη χρειάζεστε ακόμη.\n",
            ),
            PolicyNews.VISIT_REQUESTED: MailText(
                "Ζητείται πρόσβαση: {place}",
                "Ο χρήστης {who} ζητά πρόσβαση στο δίκτυό σας για {hours} ώρες.\n\n"
                "Ρόλος: {role}\nΠού: {place}\nΓιατί: {reason}\nΛογαριασμός: {account}\n\n"
                "Τίποτα δεν έχει ανοίξει ακόμη. Για πρόσβαση εγκρίνετε επίσκεψη αυτού του λογαριασμού· "
                "αλλιώς μην κάνετε τίποτα.\n",
            ),
            PolicyNews.VISIT: MailText(
                "{network}: εγκρίθηκε επίσκεψη",
                "Ο/Η {who} επέτρεψε την είσοδο σε κάποιον εκτός επιχείρησης, έως {until}.\n\n{details}\n\n"
                "Η επίσκεψη λήγει μόνη της· συνδεθείτε για να την τερματίσετε νωρίτερα. {address}\n",
            ),
            PolicyNews.NOT_FREE: MailText(
                "{network}: ένας ρόλος δεν είναι πια δωρεάν",
                "Ο/Η {who} άλλαξε τον ρόλο {role}. Όποιος τον έχει καταλαμβάνει πλέον πληρωμένη θέση, λόγω:\n"
                "{details}\n",
            ),
            PolicyNews.RELEASE: MailText(
                "{network}: μια αναβάθμιση άλλαξε τα δικαιώματα ρόλων",
                "Το Remit αναβαθμίστηκε και οι ενσωματωμένοι ρόλοι άλλαξαν. Στο δίκτυό σας:\n{details}\n\n"
                "Συνδεθείτε για να δείτε ποιος μπορεί πλέον τι. {address}\n",
            ),
        },
    }
)


def policy_mail(language: str, news: PolicyNews, **words: str) -> MailText:
    """The mail that tells the news. An unknown language reads English; what a text does not say is left out.

    Words: `network`, `who` did it, `whom` it concerns, `role`, `since` and `until` (local times), `details` (lines),
    `address` (of the frontend, or nothing); of a request to be let in also `account`, `place`, `hours`, `reason`. What
    strangers say goes through `without_links` before. Raises KeyError for a word that the text needs and nobody gave.
    """
    text = _TEXTS[written_language(language)][news]
    body = text.body.format_map(words)
    subject = " ".join(text.subject.format_map(words).split())  # a name may hold a line break, a header may not
    return MailText(subject, "\n".join(line.rstrip() for line in body.split("\n")))

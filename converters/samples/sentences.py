"""Real sentences of several kinds and languages, from which text samples are made."""

SENTENCES = (
    "The ferry to the island leaves at a quarter past seven, and returns only when the tide allows it.",
    "How do I reset the password of an account whose e-mail address no longer exists?",
    "Revenue rose by 12.4 % to 3,861 million euros, while the operating margin fell to 9.7 %.",
    "def merge(left, right): return sorted(left + right, key=lambda item: item.created_at)",
    "Patients with a fever above 39 degrees should see a doctor within twenty-four hours.",
    "Die Bibliothek am alten Hafen ist wegen Umbauarbeiten bis Ende März geschlossen.",
    "La réunion de mardi est reportée ; merci de confirmer votre présence avant midi.",
    "Please send two blue chairs, one oak table and the lamp (model K-17) to our new address.",
    "In 1969 two people walked on the Moon while a third one circled above them, alone.",
    "A good soup needs time: chop the onions, let them turn golden, and only then add the stock.",
    "我们明天下午三点在火车站的东门见面,请带上车票。",
    "The court held that the contract was void, because neither party had read clause 14(b).",
)

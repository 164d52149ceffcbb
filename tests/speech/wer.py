"""Word error rate: the share of spoken words that were missed, mistaken or invented."""


def word_error_rate(spoken: str, heard: str) -> float:
    """Edits that turn `spoken` into `heard`, a word at a time, over the words spoken. Over 1 when much is invented."""
    reference, hypothesis = spoken.lower().split(), heard.lower().split()
    if not reference:
        raise ValueError("nothing was spoken")
    return _edits(reference, hypothesis) / len(reference)


def _edits(reference: list[str], hypothesis: list[str]) -> int:
    """Fewest insertions, deletions and substitutions between the two, one row of the table at a time."""
    row = list(range(len(hypothesis) + 1))
    for spoken_before, spoken in enumerate(reference):
        above, row = row, [spoken_before + 1]
        for column, heard in enumerate(hypothesis):
            substituted = above[column] + (spoken != heard)
            row.append(min(substituted, above[column + 1] + 1, row[column] + 1))
    return row[-1]

"""How near translations come to those of people: chrF, the bar, and BLEU beside it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

_RESAMPLES = 1000


@dataclass(frozen=True)
class Scores:
    """chrF and BLEU of translations, 0..100; `reach` is how far the 95 % interval of chrF goes to either side."""

    chrf: float
    reach: float
    bleu: float


def scores(translations: Sequence[str], references: Sequence[str]) -> Scores:
    """Return the scores of translations against one reference each.

    chrF is that of Popović ("chrF: character n-gram F-score for automatic MT evaluation", WMT 2015) with
    character 6-grams and beta 2, BLEU that of Papineni et al. (ACL 2002) with sacrebleu's tokenization "13a".
    The interval is a bootstrap over sentences (Koehn, EMNLP 2004).
    """
    metric = CHRF()
    measured = metric.corpus_score(list(translations), [list(references)], n_bootstrap=_RESAMPLES)
    described = json.loads(measured.format(width=4, signature=str(metric.get_signature()), is_json=True))
    return Scores(
        chrf=chrf(translations, references),
        reach=float(described["confidence_var"]),
        bleu=float(BLEU().corpus_score(list(translations), [list(references)]).score),
    )


def chrf(translations: Sequence[str], references: Sequence[str]) -> float:
    """Return chrF alone, 0..100."""
    return float(CHRF().corpus_score(list(translations), [list(references)]).score)

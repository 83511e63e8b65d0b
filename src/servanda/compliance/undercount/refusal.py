"""Why there is no estimate: a code, numbers and plain words."""

from servanda.errors import EstimateRefused
from servanda.findings import Reason

TEXTS = {
    "few_lists": "Independent lists that saw such incidents themselves: {lists}; {least} are needed. "
    "Other sources that relay what was said, or follow another: {relaying}.",
    "thin_overlap": "Lists that share at least {overlap} incidents with others: {lists}; {least} are needed.",
    "counted": "The reports give counts over a period ({counted} of them); there is nothing to match one by one.",
    "nothing_seen": "No incident was seen, so nothing can be said of the ratio of seen to unseen.",
    "degenerate": "No model can be fitted to so few shared incidents.",
    "runaway": "The estimate runs away: its upper bound would be over {times} times the seen.",
    "not_converged": "The sampler did not converge: {draws} effective draws, R-hat {r_hat}.",
    "too_many": "More incidents were seen ({seen}) than the setting latent_seen allows.",
    "no_watch": "No watch with a known chance of detection covers this term.",
    "unwatched": "Only {watched} % of the term's place, time and kinds was watched; {least} % are needed.",
    "few_days": "Days that at least two independent lists watched: {days}; {least} are needed.",
    "few_agreed": "Days on which two lists that looked reported one: {days}; {least} are needed.",
    "few_found": "Incidents found on watch: {found}; {least} are needed.",
    "hardly_detectable": "An incident was found with a chance of only {chance} %; such luck cannot stand for others.",
    "no_signal": "The counts vary no more than chance allows, so abundance and detection cannot be told apart.",
}

Value = float | int | str | None


class Abstained(EstimateRefused):
    """No estimate can be given. ``reason`` holds the code, its values and plain words."""

    def __init__(self, code: str, **values: Value) -> None:
        plain = {k: int(v) if isinstance(v, float) and v.is_integer() else v for k, v in values.items()}
        self.reason = Reason(code, TEXTS[code].format(**plain), tuple(plain.items()))
        super().__init__(self.reason.text)

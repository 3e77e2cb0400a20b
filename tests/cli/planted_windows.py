"""What was found of planted triplets that are active in a window of the trial. Standard library, and h5dump."""

import subprocess
import tempfile
from array import array
from pathlib import Path

DYNAMIC, GRAPH = "dynetcp-dynamic", "dynamics"
GROUP = "/triplets/01/"
LEVEL = 0.05
KINDS = {"F32": "f", "F64": "d", "I8": "b", "I32": "i", "I64": "q"}


def numbers(path, dataset):
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        subprocess.run(["h5dump", "-d", dataset, "-b", "LE", "-o", raw, path], check=True, capture_output=True)
        head = subprocess.run(["h5dump", "-H", "-d", dataset, path], check=True, capture_output=True, text=True).stdout
        return array(next(code for name, code in KINDS.items() if name in head), raw.read_bytes())


def edges_of(path, group=GROUP):
    return list(zip(*(numbers(path, group + name) for name in ["sender", "receiver"])))


def planted(study):
    """Lag of every true pair, and whether it is active in the middle of the trial."""
    where = "/scratch/truth/connections/"
    pre, post, lag = (numbers(study, where + name) for name in ["pre", "post", "delay_ms"])
    shown = subprocess.run(["h5dump", "-y", "-d", where + "active_in_middle", study], check=True, capture_output=True,
                           text=True).stdout.split("DATA {")[1].split("}")[0]
    middle = [word == "TRUE" for word in shown.replace(",", " ").split()]
    assert len(middle) == len(pre)
    return {(i, j): (round(d), inside) for i, j, d, inside in zip(pre, post, lag, middle)}


def indirect(true):
    """(pair, active in the middle) of pairs without a connection, correlated through two that are active together."""
    between = set()
    for (first, second), (_, middle) in true.items():
        for (other, last), (_, also) in true.items():
            if middle == also and second == other and first != last:
                between.add((first, last, middle))  # the ends of a chain
            if middle == also and first == other and second != last:
                between |= {(second, last, middle), (last, second, middle)}  # of a common input
    return [((a, b), middle) for a, b, middle in sorted(between) if (a, b) not in true and (b, a) not in true]


def auc(positive, negative):
    """Probability that a positive is above a negative one, ties counted half."""
    ranked = sorted([(value, 1) for value in positive] + [(value, 0) for value in negative])
    rank_sum, first = 0.0, 0
    while first < len(ranked):
        last = first
        while last < len(ranked) and ranked[last][0] == ranked[first][0]:
            last += 1
        rank_sum += sum(label for _, label in ranked[first:last]) * (first + last + 1) / 2
        first = last
    count = len(positive)
    return (rank_sum - count * (count + 1) / 2) / (count * len(negative))


def is_active(time, bins, middle):
    return (bins // 4 <= time < 3 * bins // 4) == middle


def windows(results, true, bins, lags):
    """Smoothed weights of true edges at their lag, of active and of inactive bins; how many bins had no spike to align to."""
    file = Path(results) / f"{DYNAMIC}.h5"
    edges = edges_of(file)
    weight, count = (numbers(file, GROUP + name) for name in ["weight_smoothed", "spike_count"])
    assert len(weight) == len(edges) * bins * lags
    active, inactive, left_out = [], [], 0
    for pair, (lag, middle) in true.items():
        at = edges.index(pair) * bins * lags + lag
        for time in range(lag, bins):
            if not any(count[at + before * lags] for before in range(max(0, time - 9), time + 1)):
                left_out += 1
            else:
                (active if is_active(time, bins, middle) else inactive).append(weight[at + time * lags])
    return active, inactive, left_out


class Apart:
    """Bins in which a triplet is active: of its connections, and of its pairs that have none. All bins of unconnected pairs."""

    def __init__(self, results, true, bins, group=GROUP):
        file = Path(results) / f"{GRAPH}.h5"
        self.group = group
        self.bins = bins
        self.place = {pair: k for k, pair in enumerate(edges_of(file, group))}
        self.weight, self.ratio = (numbers(file, group + name) for name in ["weight", "ratio"])
        self.file = file
        self.between = [(pair, middle) for pair, middle in indirect(true) if pair in self.place]
        self.direct_edges = [pair for pair in true if pair in self.place]
        self.direct = [k for pair in self.direct_edges for k in self.active_bins(pair, true[pair][1])]
        self.indirect = [k for pair, middle in self.between for k in self.active_bins(pair, middle)]
        related = set(true) | {pair for pair, _ in indirect(true)}
        self.unconnected = [k for pair in self.place if pair not in related and pair[::-1] not in related
                            for middle in (True, False) for k in self.active_bins(pair, middle)]

    def active_bins(self, pair, middle):
        at = [self.place[pair] * self.bins + time for time in range(self.bins) if is_active(time, self.bins, middle)]
        return [k for k in at if self.weight[k] == self.weight[k]]  # not NaN: a spike of the sender to align to

    def share(self, called, bins):
        return sum(map(called, bins)) / len(bins) if bins else float("nan")

    def as_many(self, score, kept):
        """Share of indirect bins above the score that leaves as many bins of connections as a rule keeps."""
        least = sorted((score[k] for k in self.direct), reverse=True)[max(0, round(kept * len(self.direct)) - 1)]
        return self.share(lambda k: score[k] >= least, self.indirect)

    def auc(self, score):
        return auc([score[k] for k in self.direct], [score[k] for k in self.indirect])

    def by_rule(self):
        """Shares of bins of connections, of indirect and of unconnected pairs that the published rule calls present."""
        return [self.share(lambda k: abs(self.ratio[k]) > 1, bins) for bins in (self.direct, self.indirect, self.unconnected)]

    def by_null(self):
        """The same by q of a bin against models of shuffled trials; and p of the bins."""
        p_bin, q_bin = (numbers(self.file, self.group + name) for name in ["p_value", "q_value"])
        return [self.share(lambda k: q_bin[k] <= LEVEL, bins) for bins in (self.direct, self.indirect, self.unconnected)], p_bin

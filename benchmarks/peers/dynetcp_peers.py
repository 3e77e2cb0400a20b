"""Steps of training of DyNetCP beside PyTorch, on the same trials from the same parameters: a table of ratios."""

import sys
from pathlib import Path

import h5py
import numpy as np
import torch

import dynetcp_reference
import dynetcp_torch
import turns
from agreement import Row, same

PACKAGES = ("torch", "numpy", "h5py")
RATE = 0.008  # spikes a bin, as in the triplet data
SIZES = {  # bins; neurons, lags and trials of the static step; neurons and trials of the dynamic step
    "paper": (500, (100, 101, 16), (20, 4)),
    "small": (60, (10, 11, 4), (5, 2)),
}
DYNAMIC_LAGS = 11


def bernoulli(trials: int, bins: int, neurons: int) -> np.ndarray:
    return (np.random.default_rng(6).random((trials, bins, neurons)) < RATE).astype(np.uint8)


def static_start(neurons: int, lags: int) -> dict:
    """Weights [receiver, sender, lag] and biases."""
    random = np.random.default_rng(7)
    return {
        "weight": random.uniform(-0.01, 0.01, (neurons, neurons, lags)).astype(np.float32),
        "bias": np.full(neurons, np.log(RATE / (1 - RATE)), np.float32),
    }


def encoder_start(neurons: int) -> np.ndarray:
    """Uniform as PyTorch draws it, but for the last layer, which is not made small here."""
    random = np.random.default_rng(8)
    sizes = dynetcp_torch.shapes(neurons, DYNAMIC_LAGS)
    bounds = [1 / 8] * (len(sizes) - 4) + [dynetcp_torch.PAIR**-0.5] * 4
    parts = [random.uniform(-bound, bound, np.prod(size)) for size, bound in zip(sizes, bounds)]
    return np.concatenate(parts).astype(np.float32)


def write(path: Path, penalty: float, **datasets) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs["lambda"] = penalty
        for name, values in datasets.items():
            file[name] = values
    return path


def read(file, name: str) -> torch.Tensor:
    return torch.from_numpy(file[name][()].astype(np.float32))


def prepare_static(file):
    return dynetcp_torch.StaticStep(read(file, "spikes"), read(file, "weight"), read(file, "bias"), file.attrs["lambda"])


def prepare_dynamic(form):
    def prepare(file):
        names = ("spikes", "parameters", "weight", "bias")
        return form(*(read(file, name) for name in names), file.attrs["lambda"])

    return prepare


def close(name: str, theirs, ours, tolerance: float) -> str:
    """Within so much of the largest; in single precision."""
    return same(name, theirs, ours, absolute=tolerance * float(np.abs(theirs).max()))


def check_static(theirs, output, _):
    same("loss", theirs["loss"], output.attrs["loss"], relative=1e-5)
    weight = close("gradient", theirs["weight"].numpy(), output["weight"][()], 1e-5)
    close("gradient of biases", theirs["bias"].numpy(), output["bias"][()], 1e-5)
    return "loss equal, " + weight


def check_dynamic(theirs, output, _):
    """Tensor by tensor: LSTMs have gradients much smaller than those of the shared layers."""
    same("loss", theirs["loss"], output.attrs["loss"], relative=1e-5)
    ours = torch.from_numpy(output["gradient"][()])
    neurons = int(output.attrs["neurons"])
    pairs = zip(*(dynetcp_torch.split(flat, neurons, DYNAMIC_LAGS) for flat in (theirs["gradient"], ours)))
    worst = 0.0
    for number, (their, our) in enumerate(pairs):
        close(f"gradient of tensor {number}", their.numpy(), our.numpy(), 2e-4)
        worst = max(worst, float((their - our).abs().max() / their.abs().max()))
    return f"loss equal, gradients within {worst:.1g} of the largest of their tensor"


def table(work: Path, size: str) -> list[Row]:
    bins, (neurons, lags, batch), (few, trials) = SIZES[size]

    def static_input():
        return write(work / "dynetcp-static.in.h5", 100.0, spikes=bernoulli(batch, bins, neurons),
                     **static_start(neurons, lags))  # fmt: skip

    def dynamic_input():
        return write(work / "dynetcp-dynamic.in.h5", 10.0, spikes=bernoulli(trials, bins, few),
                     parameters=encoder_start(few), **static_start(few, DYNAMIC_LAGS))  # fmt: skip

    def dynamic(name, peer, asked, form):
        title = f"dynamic step, {few} neurons, all {few * (few - 1)} pairs, {trials} trials"
        return Row(name, "dynetcp-dynamic", title, peer, asked, dynamic_input, 1, 1, prepare_dynamic(form), check_dynamic)

    return [
        Row("static", "dynetcp-static", f"static step, {neurons} neurons, {lags - 1} lags, {batch} trials",
            "torch conv1d", 20.0, static_input, 1, 1, prepare_static, check_static),
        dynamic("dynamic-pairs", "torch, pair after pair", 15.0, dynetcp_torch.PairByPair),
        dynamic("dynamic-separable", "torch, separable, chunks", 2.0, dynetcp_torch.Separable),
    ]  # fmt: skip


def main() -> int:
    parser = turns.parser_of(__doc__)
    parser.add_argument("--reference", type=Path, help="folder of the reference cases: whether these are that model")
    options = parser.parse_args()
    core = turns.single_core()
    torch.set_num_threads(1)
    if options.reference:
        print(f"reference {dynetcp_reference.check(options.reference)}", flush=True)
    return turns.run_table(table(options.work, options.size), options.build / "peer_kernels", options, PACKAGES, core)


if __name__ == "__main__":
    sys.exit(main())

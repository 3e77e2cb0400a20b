"""Whether the PyTorch models are the published one: losses and gradients of the reference cases, in double."""

from pathlib import Path

import h5py
import numpy as np
import torch

import dynetcp_torch
from agreement import same

BATCH = 4  # trials of the first batch


def tensor(values) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values, np.float64))


def static_part(group):
    """Weights [receiver, sender, lag], lag 0 first, and biases."""
    return tensor(group["decoder.model.weight"][()]).flip(2), tensor(group["decoder.model.bias"][()])


def close(name, ours, theirs):
    """Within 1e-11 of the largest."""
    return same(name, theirs, ours, absolute=1e-11 * float(np.abs(theirs).max()))


def check_static(folder: Path) -> str:
    with h5py.File(folder / "static.h5") as file:
        case = file["original/float64"]
        step = dynetcp_torch.StaticStep(tensor(file["spikes"][:BATCH]), *static_part(case["initial"]),
                                        float(case.attrs["lambda_l2_coef"]))  # fmt: skip
        found, expected = step(), case["first_batch"]
        close("loss", np.array([found["loss"]]), np.array([expected["loss_mean"][()]]))
        return close("static gradient", found["weight"].flip(2).numpy(), expected["gradient/decoder.model.weight"][()])


def encoder_array(group, neurons: int, lags: int) -> torch.Tensor:
    """Tensors of the published names in the order of our array."""
    names = []
    for neuron in range(neurons):
        lstm = f"encoder.embedder.embedders.{neuron}."
        names += [lstm + name for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")]
    for layer in ("send_fc_out.0", "recv_fc_out.0", "combine.0", "combine.2"):
        names += [f"encoder.{layer}.weight", f"encoder.{layer}.bias"]
    parts = [tensor(group[name][()]) for name in names]
    parts[-2:] = [part.flip(0) for part in parts[-2:]]
    assert [tuple(part.shape) for part in parts] == dynetcp_torch.shapes(neurons, lags)
    return torch.cat([part.reshape(-1) for part in parts])


def check_dynamic(folder: Path, form) -> str:
    with h5py.File(folder / "dynamic.h5") as file:
        case = file["all_pairs_default_sizes/float64"]
        spikes = tensor(file["spikes"][:BATCH])
        weight, bias = static_part(case["initial"])
        neurons, lags = weight.shape[1:]
        step = form(spikes, encoder_array(case["initial"], neurons, lags), weight, bias,
                    float(case.attrs["lambda_l2_coef"]))  # fmt: skip
        found, expected = step(), case["first_batch"]
        close("loss", np.array([found["loss"]]), np.array([expected["loss_mean"][()]]))
        theirs = encoder_array(expected["gradient"], neurons, lags).numpy()
        return close(f"gradient of {form.__name__}", found["gradient"].numpy(), theirs)


def check(folder: Path) -> str:
    """@raises Mismatch"""
    forms = (dynetcp_torch.PairByPair, dynetcp_torch.Separable)
    return ", ".join([check_static(folder), *(check_dynamic(folder, form) for form in forms)])

"""DyNetCP in PyTorch, written from its description: a step of training of the static part, and of the dynamic
part in two forms, one as it is described (a network run pair after pair), one as fast as we could make it.

Numbers are exchanged in the order of our program: lag 0 first; parameters of the dynamic part are one array,
neuron by neuron input, recurrent, input bias and recurrent bias of its LSTM, then the shared layers.
"""

import math

import torch
from torch import nn
from torch.nn import functional

HIDDEN, FREQUENCIES, EMBEDDING, TIME = 64, 64, 64, 128
PAIR = 2 * (EMBEDDING + TIME)
CLIP = 5.0
LEARNING_RATE = 1e-4


def static_logits(x, weight, bias):
    """E of bins 1 .. [trial, neuron, bin] from x [trial, neuron, bin]; weight has lag 0 last."""
    lags = weight.shape[2]
    return functional.conv1d(x, weight, bias, padding=lags - 1)[:, :, 1 : x.shape[2]]


class StaticStep:
    """All receivers, one convolution."""

    def __init__(self, spikes, weight, bias, penalty):
        self.x = spikes.transpose(1, 2).contiguous()  # [trial, neuron, bin]
        self.weight = nn.Parameter(weight.flip(2).contiguous())
        self.bias = nn.Parameter(bias.clone())
        self.penalty = penalty
        self.optimiser = torch.optim.Adam([self.weight, self.bias], lr=LEARNING_RATE)
        self.first = None

    def __call__(self):
        self.optimiser.zero_grad()
        with torch.no_grad():
            self.weight[:, :, -1].fill_diagonal_(0)
        logits = static_logits(self.x, self.weight, self.bias)
        loss = functional.binary_cross_entropy_with_logits(logits, self.x[:, :, 1:])
        loss = loss + self.penalty * self.weight.square().mean()
        loss.backward()
        if self.first is None:
            self.first = {"loss": loss.item(), "weight": self.weight.grad.flip(2), "bias": self.bias.grad.clone()}
        nn.utils.clip_grad_norm_([self.weight, self.bias], CLIP)
        self.optimiser.step()
        return self.first


def shapes(neurons, lags):
    """Of all parameters, in their order."""
    gates = 4 * HIDDEN
    lstm = [(gates, 2 * FREQUENCIES), (gates, HIDDEN), (gates,), (gates,)]
    layers = [(EMBEDDING, HIDDEN), (EMBEDDING,)] * 2
    return lstm * neurons + layers + [(PAIR, PAIR), (PAIR,), (lags, PAIR), (lags,)]


def split(flat, neurons, lags):
    sizes = shapes(neurons, lags)
    parts = flat.split([math.prod(size) for size in sizes])
    return [part.view(size).clone() for part, size in zip(parts, sizes)]


def fourier_features(x):
    """[..., 128] of spikes 0 or 1."""
    b = torch.linspace(-1, 1, FREQUENCIES, dtype=x.dtype)
    angle = 2 * math.pi * b * (2 * x.unsqueeze(-1) - 1)
    return torch.cat([angle.cos(), angle.sin()], -1)


def time_encoding(bins, dtype):
    frequency = 10000.0 ** (-torch.arange(0, TIME, 2, dtype=torch.float64) / TIME)
    angle = torch.arange(bins, dtype=torch.float64).unsqueeze(1) * frequency
    return torch.stack([angle.sin(), angle.cos()], -1).reshape(bins, TIME).to(dtype)


def windows_of(x, lags):
    """x(t - d) at bins 1 .. [..., bin, lag], lag 0 last."""
    return functional.pad(x, (lags - 1, 0)).unfold(-1, lags, 1)[..., 1:, :]


class DynamicStep:
    """What the two forms share: all pairs; the static part stays as it is."""

    def __init__(self, spikes, parameters, weight, bias, penalty):
        self.x = spikes.permute(2, 0, 1).contiguous()  # [neuron, trial, bin]
        self.neurons, self.trials, self.bins = self.x.shape
        self.lags = weight.shape[2]
        self.weight = weight.flip(2).contiguous()  # [receiver, sender, lag], lag 0 last
        self.weight[:, :, -1].fill_diagonal_(0)
        self.penalty = penalty
        self.windows = windows_of(self.x, self.lags)
        with torch.no_grad():
            self.static = static_logits(self.x.transpose(0, 1).contiguous(), self.weight, bias).transpose(0, 1)
        self.time = time_encoding(self.bins, spikes.dtype)
        self.first = None
        parts = split(parameters, self.neurons, self.lags)
        parts[-2:] = [part.flip(0) for part in parts[-2:]]
        self.load(parts)

    def finish(self, loss):
        """Keeps what the first step found, for the comparison."""
        if self.first is None:
            shared = [tensor.grad for tensor in self.shared]
            shared[-2:] = [gradient.flip(0) for gradient in shared[-2:]]
            gradients = [self.lstm_gradients(), *shared]
            self.first = {"loss": float(loss), "gradient": torch.cat([part.reshape(-1) for part in gradients])}
        nn.utils.clip_grad_norm_(self.all, CLIP)
        self.optimiser.step()
        return self.first


class PairByPair(DynamicStep):
    """As it is described: the network of pairs is run for every pair."""

    def load(self, parts):
        dtype = self.x.dtype
        self.lstms = [nn.LSTM(2 * FREQUENCIES, HIDDEN, batch_first=True, dtype=dtype) for _ in range(self.neurons)]
        self.send, self.receive = (nn.Linear(HIDDEN, EMBEDDING, dtype=dtype) for _ in range(2))
        self.pair, self.out = nn.Linear(PAIR, PAIR, dtype=dtype), nn.Linear(PAIR, self.lags, dtype=dtype)
        of_lstms = [tensor for lstm in self.lstms for tensor in lstm.parameters()]
        layers = (self.send, self.receive, self.pair, self.out)
        self.shared = [tensor for layer in layers for tensor in (layer.weight, layer.bias)]
        self.all = of_lstms + self.shared
        with torch.no_grad():
            for tensor, part in zip(self.all, parts):
                tensor.copy_(part)
        self.optimiser = torch.optim.Adam(self.all, lr=LEARNING_RATE)

    def lstm_gradients(self):
        return torch.cat([tensor.grad.reshape(-1) for lstm in self.lstms for tensor in lstm.parameters()])

    def __call__(self):
        self.optimiser.zero_grad()
        states = [lstm(fourier_features(x))[0] for lstm, x in zip(self.lstms, self.x)]
        senders = [functional.relu(self.send(state))[:, 1:] for state in states]
        receivers = [functional.relu(self.receive(state))[:, :-1] for state in states]
        now = self.time[1:].expand(self.trials, -1, -1)
        before = self.time[:-1].expand(self.trials, -1, -1)
        loss = self.x.new_zeros(())
        squares = self.x.new_zeros(())
        for i in range(self.neurons):
            logits = self.static[i]
            squares = squares + (self.bins - 1) * self.trials * self.weight[i, i].square().sum()
            for j in range(self.neurons):
                if i == j:
                    continue
                hidden = functional.relu(self.pair(torch.cat([senders[j], now, receivers[i], before], -1)))
                offsets = self.out(hidden)
                logits = logits + (offsets * self.windows[j]).sum(-1)
                squares = squares + (self.weight[i, j] + offsets).square().sum()
            loss = loss + functional.binary_cross_entropy_with_logits(logits, self.x[i, :, 1:])
        values = self.neurons**2 * self.lags * self.trials * (self.bins - 1)
        loss = loss / self.neurons + self.penalty * squares / values
        loss.backward()
        return self.finish(loss.detach())


class Separable(DynamicStep):
    """The first layer of a pair falls apart into one of its sender and one of its receiver, the input of an
    LSTM into two cases; LSTMs of all neurons are one batched product; pairs are computed in chunks that stay
    in the cache, forward and back at once, with gradients by hand and no memory of their own."""

    ROWS = 2  # trials x bins of a chunk

    def load(self, parts):
        lstms = [torch.stack(parts[k : 4 * self.neurons : 4]) for k in range(4)]
        self.all = [nn.Parameter(part.contiguous()) for part in lstms + parts[4 * self.neurons :]]
        (self.input, self.recurrent, self.input_bias, self.recurrent_bias, self.send, self.send_bias, self.receive,
         self.receive_bias, self.pair, self.pair_bias, self.out, self.out_bias) = self.all  # fmt: skip
        self.shared = self.all[4:]
        self.optimiser = torch.optim.Adam(self.all, lr=LEARNING_RATE, fused=True)
        spike, silent = fourier_features(torch.tensor([1.0, 0.0], dtype=self.x.dtype))
        self.spike, self.silent = spike, silent
        self.fired = self.x.permute(2, 0, 1).unsqueeze(-1) > 0  # [bin, neuron, trial, 1]
        rows = self.trials * (self.bins - 1)
        flat = lambda values: values.transpose(0, 1).transpose(1, 2).reshape(rows, self.neurons, *values.shape[3:])
        self.row_windows = flat(self.windows).unsqueeze(2).contiguous()  # [row, sender, 1, lag]
        self.row_static, self.row_target = flat(self.static), flat(self.x[:, :, 1:])
        self.others = (1 - torch.eye(self.neurons, dtype=self.x.dtype)).unsqueeze(-1)
        self.by_sender = self.weight.transpose(0, 1).contiguous()  # [sender, receiver, lag]
        size = (self.ROWS, self.neurons, self.neurons, PAIR)
        self.hidden, self.d_hidden = torch.empty(size, dtype=self.x.dtype), torch.empty(size, dtype=self.x.dtype)

    def lstm_gradients(self):
        return torch.cat([part.grad.reshape(self.neurons, -1) for part in self.all[:4]], 1)

    def states(self):
        """[bin, neuron, trial, hidden]"""
        bias = self.input_bias + self.recurrent_bias
        cases = (self.input @ features + bias for features in (self.spike, self.silent))
        spike, silent = (case.unsqueeze(0).unsqueeze(2) for case in cases)
        inputs = torch.where(self.fired, spike, silent).unbind(0)
        recurrent = self.recurrent.transpose(1, 2)
        h = c = self.x.new_zeros(self.neurons, self.trials, HIDDEN)
        states = []
        for z in inputs:
            i, f, g, o = torch.baddbmm(z, h, recurrent).chunk(4, -1)
            c = torch.addcmul(torch.sigmoid(f) * c, torch.sigmoid(i), torch.tanh(g))
            h = torch.sigmoid(o) * torch.tanh(c)
            states.append(h)
        return torch.stack(states)

    def halves(self):
        """Of the first layer of pairs: [trial x bin, neuron, PAIR] of senders and of receivers."""
        states = self.states().permute(2, 0, 1, 3)
        columns = self.pair.split([EMBEDDING, TIME, EMBEDDING, TIME], 1)
        send = functional.relu(functional.linear(states[:, 1:], self.send, self.send_bias))
        receive = functional.relu(functional.linear(states[:, :-1], self.receive, self.receive_bias))
        shared = functional.linear(self.time[1:], columns[1], self.pair_bias) + functional.linear(self.time[:-1], columns[3])
        of_receiver = functional.linear(receive, columns[2]) + shared.unsqueeze(1)
        return functional.linear(send, columns[0]).flatten(0, 1), of_receiver.flatten(0, 1)

    @torch.no_grad()
    def pairs(self, senders, receivers):
        """Sum of the cross-entropies and of squared weights; gradients of the halves; adds those of `out`."""
        rows = senders.shape[0]
        of_entropy = 1 / (self.neurons * rows)
        of_square = 2 * self.penalty / (self.neurons**2 * self.lags * rows)
        d_senders, d_receivers = torch.empty_like(senders), torch.empty_like(receivers)
        out, transposed = self.out.detach(), self.out.detach().t().contiguous()
        d_out, d_bias = torch.zeros_like(out), torch.zeros_like(self.out_bias)
        entropy = squares = 0.0
        for first in range(0, rows, self.ROWS):
            part = slice(first, min(first + self.ROWS, rows))
            hidden, d_hidden = self.hidden[: part.stop - first], self.d_hidden[: part.stop - first]
            flat = hidden.view(-1, PAIR)
            torch.add(senders[part].unsqueeze(2), receivers[part].unsqueeze(1), out=hidden).relu_()
            offsets = torch.addmm(self.out_bias, flat, transposed).view(*hidden.shape[:3], self.lags)
            weights = offsets.mul_(self.others)
            windows, target = self.row_windows[part], self.row_target[part]
            logits = self.row_static[part] + (weights * windows).sum((1, 3))
            entropy += functional.binary_cross_entropy_with_logits(logits, target, reduction="sum")
            weights.add_(self.by_sender)
            squares += weights.square().sum()
            residual = torch.sigmoid(logits).sub_(target).mul_(of_entropy)
            d_offsets = torch.addcmul(weights.mul_(of_square), residual[:, None, :, None], windows).mul_(self.others)
            d_flat = d_offsets.view(-1, self.lags)
            d_out.addmm_(d_flat.t(), flat)
            d_bias += d_flat.sum(0)
            torch.mm(d_flat, out, out=d_hidden.view(-1, PAIR))
            d_hidden.mul_(hidden.sign_())
            torch.sum(d_hidden, 2, out=d_senders[part])
            torch.sum(d_hidden, 1, out=d_receivers[part])
        self.out.grad, self.out_bias.grad = d_out, d_bias
        loss = of_entropy * float(entropy) + 0.5 * of_square * float(squares)
        return loss, d_senders, d_receivers

    def __call__(self):
        self.optimiser.zero_grad()
        halves = self.halves()
        loss, *gradients = self.pairs(*(half.detach() for half in halves))
        torch.autograd.backward(halves, gradients)
        return self.finish(loss)

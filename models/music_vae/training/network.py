"""The flat MusicVAE (Magenta's cat-*_2bar and groovae_* configurations) in torch, for training.

Parameters carry the names and the layout of Magenta's TensorFlow variables, so that what is trained here and what
Magenta trained are the same file to the inference library.

A step is a class (melodies; drums, one of 2^9 sets), or a vector (grooves: hits, velocities, offsets). `x` and `y` are
accordingly [T, B] of int64 or [T, B, depth] of float32. With chords `x` is [T, B, 2], each step's class and its chord.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.music_vae.configs import DRUM_CLASSES, Encoding, find
from models.music_vae.training.heads import Head, head_of
from models.music_vae.training.lstm import Recurrence, split_kernel, step

MELODY = "cat-mel_2bar_small"


@dataclass(frozen=True)
class HParams:
    """Sizes of the network; the names are Magenta's, apart from `config`, that of the configuration."""

    z_size: int = 128
    enc_rnn_size: tuple[int, ...] = (256,)
    dec_rnn_size: tuple[int, ...] = (256, 256)
    config: str = MELODY

    @property
    def encoding(self) -> Encoding:
        return find(self.config).encoding

    @property
    def inputs(self) -> int:
        """Width of a step that the encoder reads."""
        return self.encoding.input_depth + self.encoding.control_depth

    @property
    def depth(self) -> int:
        """Width of a step that the decoder writes."""
        return self.encoding.output_depth

    def stored(self) -> dict[str, object]:
        """What the weights file says about itself, beside the configuration."""
        return {"z_size": self.z_size, "enc_rnn_size": list(self.enc_rnn_size), "dec_rnn_size": list(self.dec_rnn_size)}


def encoder_cell(direction: str) -> str:
    return f"encoder/cell_0/bidirectional_rnn/{direction}/multi_rnn_cell/cell_0/lstm_cell"


def decoder_cell(layer: int) -> str:
    return f"decoder/multi_rnn_cell/cell_{layer}/lstm_cell"


def shapes(hp: HParams) -> dict[str, tuple[int, ...]]:
    """Every variable's name and shape."""
    (enc,) = hp.enc_rnn_size
    out: dict[str, tuple[int, ...]] = {}

    def dense(name: str, rows: int, columns: int) -> None:
        out[f"{name}/kernel"] = (rows, columns)
        out[f"{name}/bias"] = (columns,)

    for direction in ("fw", "bw"):
        dense(encoder_cell(direction), hp.inputs + enc, 4 * enc)
    dense("encoder/mu", 2 * enc, hp.z_size)
    dense("encoder/sigma", 2 * enc, hp.z_size)
    dense("decoder/z_to_initial_state", hp.z_size, 2 * sum(hp.dec_rnn_size))
    below = hp.depth + hp.z_size + hp.encoding.control_depth
    for n, size in enumerate(hp.dec_rnn_size):
        dense(decoder_cell(n), below + size, 4 * size)
        below = size
    dense("decoder/output_projection", below, hp.depth)
    return out


class MusicVae(nn.Module):
    """Encoder and decoder over steps; `dtype` is that of the large products (bfloat16 is for training)."""

    def __init__(self, hp: HParams, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.hp = hp
        self.dtype = dtype
        self.head: Head = head_of(find(hp.config))
        # What the encoder reads of each class, where that is not the class itself.
        self.read: Tensor | None = drum_bits() if hp.encoding.kind == "drums" else None
        self.variables = nn.ParameterDict()
        for name, shape in shapes(hp).items():
            value = torch.zeros(shape)
            if name.endswith("/kernel"):
                # Glorot, as in TensorFlow; z's first state and mu, sigma small as in Magenta (stddev .001).
                if "initial_state" in name or "/mu/" in name or "/sigma/" in name:
                    nn.init.normal_(value, std=0.001)
                else:
                    nn.init.xavier_uniform_(value)
            self.variables[name] = nn.Parameter(value)

    def dense(self, name: str, x: Tensor) -> Tensor:
        return torch.addmm(self.variables[f"{name}/bias"], x, self.variables[f"{name}/kernel"])

    def cell(self, name: str) -> tuple[Tensor, Tensor, Tensor]:
        kernel, bias = self.variables[f"{name}/kernel"], self.variables[f"{name}/bias"]
        return split_kernel(kernel, bias, bias.shape[0] // 4)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Steps x -> mu and sigma (a standard deviation), each [B, z]."""
        batch = x.shape[1]
        last = []
        for direction, sequence in (("fw", x), ("bw", x.flip(0))):
            w, u, b = self.cell(encoder_cell(direction))
            if self.read is not None:
                w = self.read @ w
            if self.hp.encoding.chords:
                sequence, w = paired(sequence[..., 0], sequence[..., 1], w[: self.hp.depth], w[self.hp.depth :])
            zero = torch.zeros(batch, u.shape[0])
            hs = Recurrence.apply(sequence, w, u, b.expand(batch, -1), zero, zero, self.dtype)
            last.append(hs[-1].float())
        h = torch.cat(last, 1)
        return self.dense("encoder/mu", h), functional.softplus(self.dense("encoder/sigma", h))

    def lowest(self, w: Tensor) -> tuple[Tensor, ...]:
        """The rows of the decoder's lowest cell that are for the step before, for z and for the chord."""
        return w.split([self.hp.depth, self.hp.z_size, self.hp.encoding.control_depth])

    def _start(self, z: Tensor) -> list[tuple[Tensor, Tensor]]:
        parts = torch.tanh(self.dense("decoder/z_to_initial_state", z)).split(
            [s for size in self.hp.dec_rnn_size for s in (size, size)], 1
        )
        return [(parts[2 * n], parts[2 * n + 1]) for n in range(len(self.hp.dec_rnn_size))]

    def chords(self, x: Tensor) -> Tensor | None:
        """The chords [T, B] that x has, if it has any."""
        return x[..., 1] if self.hp.encoding.chords else None

    def decode(self, z: Tensor, fed: Tensor, chords: Tensor | None = None) -> Tensor:
        """z [B, z], the steps fed, as `shift` makes them, and their chords [T, B] -> logits [T, B, depth]."""
        x: Tensor = fed
        for n, (c, h) in enumerate(self._start(z)):
            w, u, b = self.cell(decoder_cell(n))
            base = b.expand(len(z), -1)
            if n == 0:
                w, of_z, of_chords = self.lowest(w)
                base = torch.addmm(b, z, of_z)
                if chords is not None:
                    x, w = paired(fed, chords, w, of_chords)
            x = Recurrence.apply(x, w, u, base, h, c, self.dtype)
        kernel = self.variables["decoder/output_projection/kernel"]
        bias = self.variables["decoder/output_projection/bias"]
        flat = torch.mm(x.reshape(-1, x.shape[-1]), kernel.to(x.dtype)).float() + bias
        return flat.view(*fed.shape[:2], -1)

    def known(self, y: Tensor) -> dict[str, Tensor]:
        """What of y players give to `sample`: hits that are to be humanised, or when something was tapped."""
        if self.hp.encoding.humanize:
            return {"hits": y[..., :DRUM_CLASSES]}
        return {"struck": y[..., :DRUM_CLASSES].amax(2)} if self.hp.encoding.tapify else {}

    @torch.no_grad()
    def sample(
        self,
        z: Tensor,
        steps: int,
        temperature: float,
        generator: torch.Generator | None = None,
        hits: Tensor | None = None,
        struck: Tensor | None = None,
        chords: Tensor | None = None,
    ) -> Tensor:
        """Sample T = `steps` steps from z [B, z], one after another; at temperature 0 the likeliest.

        A groove may be given its `hits` [T, B, drums]: what is then sampled is how they are played. Or when something
        is `struck` [T, B], 0 or 1: at least the likeliest drum is hit then, and none else. With chords they are [T, B].
        """
        state = self._start(z)
        cells = []
        for n in range(len(state)):
            w, u, b = self.cell(decoder_cell(n))
            base = b
            if n == 0:
                table, of_z, of_chords = self.lowest(w)
                base = torch.addmm(b, z, of_z)
                w = u
            else:
                w = torch.cat([w, u])
            cells.append((w.to(self.dtype), base))
        kernel = self.variables["decoder/output_projection/kernel"].to(self.dtype)
        bias = self.variables["decoder/output_projection/bias"]
        out: list[Tensor] = []
        previous: Tensor | None = None
        for number in range(steps):
            x = None
            for n, (w, base) in enumerate(cells):
                c, h = state[n]
                fed = h.to(self.dtype) if x is None else torch.cat([x, h.to(self.dtype)], 1)
                gates = torch.mm(fed, w).float().add_(base)
                if n == 0 and previous is not None:
                    gates.add_(table[previous] if previous.dim() == 1 else torch.mm(previous, table))
                if n == 0 and chords is not None:
                    gates.add_(of_chords[chords[number]])
                c, _, h = step(gates, c, c.shape[1])
                state[n] = (c, h)
                x = h.to(self.dtype)
            logits = torch.mm(x, kernel).float().add_(bias)
            previous = self.head.sample(logits, temperature, generator)
            if hits is not None:
                previous = _with_hits(previous, hits[number])
            if struck is not None:
                drawn, some = previous[:, :DRUM_CLASSES], struck[number, :, None]
                best = functional.one_hot(logits[:, :DRUM_CLASSES].argmax(1), DRUM_CLASSES)
                previous = _with_hits(previous, some * torch.where(drawn.any(1, keepdim=True), drawn, best))
            out.append(previous)
        return torch.stack(out)


def _with_hits(groove: Tensor, hits: Tensor) -> Tensor:
    """A step of grooves [B, 27] with these hits [B, 9]."""
    return torch.cat([hits, groove[:, DRUM_CLASSES:] * hits.repeat(1, 2)], 1)


def paired(steps: Tensor, chords: Tensor, of_steps: Tensor, of_chords: Tensor) -> tuple[Tensor, Tensor]:
    """Steps [T, B], -1 for none, and chords [T, B] as one class each, and what such a class adds: a table of rows."""
    rows = torch.cat([of_steps, of_steps.new_zeros(1, of_steps.shape[1])])
    table = (rows[:, None] + of_chords).flatten(0, 1)
    return torch.where(steps < 0, len(of_steps), steps) * len(of_chords) + chords, table


def shift(x: Tensor) -> Tensor:
    """Steps moved one later, what a decoder is fed; the first is all zeros, which as a class is -1."""
    first = torch.full_like(x[:1], -1) if x.dim() == 2 else torch.zeros_like(x[:1])
    return torch.cat([first, x[:-1]])


def drum_bits() -> Tensor:
    """What the encoder reads of each set of drums [512, 10]: a bit a drum, and one for none."""
    labels = np.arange(1 << DRUM_CLASSES)
    bits = labels[:, None] >> np.arange(DRUM_CLASSES) & 1
    return torch.from_numpy(np.concatenate([bits, labels[:, None] == 0], 1).astype(np.float32))

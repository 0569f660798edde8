"""LSTM cells as Magenta's `contrib/rnn.py` LSTMBlockCell computes them, and stacks of them.

A cell's kernel is [input + units, 4 · units], input rows first; the gates' columns are i, g, f, o, and 1 is added to f.
Sources: Zaremba et al., "Recurrent Neural Network Regularization", 2014; magenta `models/music_vae/lstm_utils.py`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.music_vae.weights import Array, Weights, times

FORGET_BIAS = 1.0
Lengths = npt.NDArray[np.int64]


class State(NamedTuple):
    """A cell's memory and output, both [batch, units]."""

    c: Array
    h: Array


class Cell:
    """One LSTM cell.

    The columns are kept in the order i, f, o, g, and those of the three gates halved: sigmoid(x) is
    (tanh(x / 2) + 1) / 2, so that one tanh serves all four.
    """

    def __init__(self, weights: Weights, inputs: int, units: int, *, above: bool = False) -> None:
        """``above``: the cell steps by :meth:`step_above`, its input being another's output; else by :meth:`step`."""
        self.inputs = inputs
        self.units = units
        kernel = weights.take("kernel", inputs + units, 4 * units)
        bias = weights.take("bias", 4 * units)
        bias[2 * units : 3 * units] += FORGET_BIAS
        order = np.r_[0:units, 2 * units : 4 * units, units : 2 * units]
        kernel, bias = kernel[:, order], bias[order]
        kernel[:, : 3 * units] *= 0.5
        bias[: 3 * units] *= 0.5
        kernel = np.ascontiguousarray(kernel)
        self.bias = bias
        self.kernel = weights.stepped(kernel) if above else None
        self.input_kernel = kernel[:inputs]
        self.recurrent_kernel = None if above else weights.stepped(kernel[inputs:])

    def zeros(self, batch: int) -> State:
        """The state before anything was read."""
        return State(np.zeros((batch, self.units), np.float32), np.zeros((batch, self.units), np.float32))

    def project(self, x: Array) -> Array:
        """What an input [..., inputs] adds to the gates [..., 4 · units], bias included."""
        return times(x, self.input_kernel) + self.bias

    def step(self, projected: Array, state: State) -> State:
        """The next state, from an input that went through :meth:`project`."""
        assert self.recurrent_kernel is not None
        return self._advance(times(state.h, self.recurrent_kernel) + projected, state.c)

    def step_above(self, x: Array, state: State) -> State:
        """The next state, from an input [batch, inputs]."""
        assert self.kernel is not None
        return self._advance(times(np.concatenate((x, state.h), 1), self.kernel) + self.bias, state.c)

    def _advance(self, gates: Array, c: Array) -> State:
        units = self.units
        np.tanh(gates, out=gates)
        opened = gates[:, : 3 * units]
        opened += 1.0
        opened *= 0.5
        memory = gates[:, units : 2 * units] * c
        memory += gates[:, :units] * gates[:, 3 * units :]
        return State(memory, gates[:, 2 * units : 3 * units] * np.tanh(memory))


class Stack:
    """Cells one above the other, as TensorFlow's MultiRNNCell; only the lowest sees the input."""

    def __init__(self, weights: Weights, inputs: int, sizes: Sequence[int]) -> None:
        self.cells: list[Cell] = []
        for number, units in enumerate(sizes):
            self.cells.append(Cell(weights.under(f"cell_{number}/lstm_cell"), inputs, units, above=number > 0))
            inputs = units
        self.state_size = 2 * sum(sizes)

    def unflatten(self, flat: Array) -> list[State]:
        """States from one array [batch, state_size], ordered c, h of the lowest cell, c, h of the next…"""
        edges = np.cumsum([units for cell in self.cells for units in (cell.units, cell.units)])[:-1]
        parts = np.split(flat, edges, axis=1)
        return [State(c, h) for c, h in zip(parts[::2], parts[1::2], strict=True)]

    def step(self, projected: Array, states: list[State]) -> list[State]:
        """The next states; ``projected`` is the input as the lowest cell projects it."""
        after = [self.cells[0].step(projected, states[0])]
        for cell, state in zip(self.cells[1:], states[1:], strict=True):
            after.append(cell.step_above(after[-1].h, state))
        return after


def run(cell: Cell, x: Array, lengths: Lengths) -> tuple[Array, State]:
    """Run a cell over x [batch, time, inputs]: outputs [batch, time, units] and the state after the last valid step.

    As TensorFlow's dynamic_rnn: past a row's length its state stays and its outputs are zeros.
    """
    batch, time, _ = x.shape
    projected = np.ascontiguousarray(cell.project(x.reshape(batch * time, -1)).reshape(batch, time, -1).swapaxes(0, 1))
    outputs = np.zeros((time, batch, cell.units), np.float32)
    state = cell.zeros(batch)
    for step in range(int(lengths.max(initial=0))):
        after = cell.step(projected[step], state)
        ended = lengths <= step
        if ended.any():
            after = State(*(np.where(ended[:, None], old, new) for old, new in zip(state, after, strict=True)))
            outputs[step] = np.where(ended[:, None], 0.0, after.h)
        else:
            outputs[step] = after.h
        state = after
    return outputs.swapaxes(0, 1), state


def backwards(x: Array, lengths: Lengths) -> Array:
    """Each row of x [batch, time, …] with its first ``lengths`` steps in reverse order."""
    steps = np.arange(x.shape[1])
    order = np.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
    return x[np.arange(len(x))[:, None], order]

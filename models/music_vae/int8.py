"""Matrices of 8 bits a weight, multiplied by onnxruntime: half the time of float32 where memory is the limit.

Weights are rounded to 255 levels between ± the greatest of each 32 in a row's column (onnxruntime's MatMulNBits), the
vector likewise; products are off by half a percent of the greatest. The model around it is made of bytes here, as the
plain installation has no onnx. Source: onnx `onnx.proto`; onnxruntime `docs/ContribOperators.md`.
"""

from collections.abc import Iterable

import numpy as np
import onnxruntime

from models.music_vae.weights import Array
from models.protobuf import encoded

BLOCK = 32
LEVELS = 127
ZERO = 128
_FLOAT, _UINT8 = 1, 2
_INT8_PRODUCTS = 4
"""MatMulNBits' accuracy_level; the others are far slower than float32 here."""
_IR_VERSION, _OPSET = 9, 17


class Int8Matrix:
    """kernel [rows, columns] in 8 bits; rows must be a multiple of 32."""

    def __init__(self, kernel: Array) -> None:
        rows, columns = kernel.shape
        if rows % BLOCK:
            raise ValueError(f"a matrix of 8 bits must have a multiple of {BLOCK} rows, got {rows}")
        self.shape = kernel.shape
        blocks = kernel.T.reshape(columns, rows // BLOCK, BLOCK)
        scales = np.abs(blocks).max(2) / np.float32(LEVELS)
        scales[scales == 0] = 1.0
        rounded = np.rint(blocks / scales[:, :, None]) + np.float32(ZERO)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = _model(rows, columns, rounded.astype(np.uint8), scales)
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def times(self, x: Array) -> Array:
        """x [batch, rows] @ kernel, nearly."""
        product: Array = self._session.run(None, {"x": x})[0]
        return product


def _model(rows: int, columns: int, weights: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]", scales: Array) -> bytes:
    attributes = {"K": rows, "N": columns, "bits": 8, "block_size": BLOCK, "accuracy_level": _INT8_PRODUCTS}
    node = b"".join(_text(1, name) for name in ("x", "weights", "scales"))
    node += _text(2, "y") + _text(4, "MatMulNBits") + _text(7, "com.microsoft")
    for name, value in attributes.items():
        node += _part(5, _text(1, name) + _number(3, value) + _number(20, 2))
    graph = _part(1, node) + _text(2, "g")
    graph += _part(5, _tensor("weights", _UINT8, weights.shape, weights.tobytes()))
    graph += _part(5, _tensor("scales", _FLOAT, scales.shape, scales.astype("<f4").tobytes()))
    graph += _part(11, _value("x", rows)) + _part(12, _value("y", columns))
    opsets = _part(8, _text(1, "") + _number(2, _OPSET)) + _part(8, _text(1, "com.microsoft") + _number(2, 1))
    return _number(1, _IR_VERSION) + _part(7, graph) + opsets


def _tensor(name: str, dtype: int, shape: Iterable[int], data: bytes) -> bytes:
    return b"".join(_number(1, size) for size in shape) + _number(2, dtype) + _text(8, name) + _part(9, data)


def _value(name: str, columns: int) -> bytes:
    shape = _part(1, _text(2, "batch")) + _part(1, _number(1, columns))
    return _text(1, name) + _part(2, _part(1, _number(1, _FLOAT) + _part(2, shape)))


def _number(field: int, value: int) -> bytes:
    return encoded(field << 3) + encoded(value)


def _part(field: int, data: bytes) -> bytes:
    return encoded(field << 3 | 2) + encoded(len(data)) + data


def _text(field: int, text: str) -> bytes:
    return _part(field, text.encode())

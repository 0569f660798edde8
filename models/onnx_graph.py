"""Graphs for onnxruntime, written node by node; needs onnx, so for the training side only."""

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 19, 9


class Graph:
    """Nodes in order, each named by its only output."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        """A node; returns the name of its output."""
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, name: str, value: object, dtype: type = np.float32) -> str:
        """A tensor that is part of the file; returns its name."""
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def external(self, name: str, shape: tuple[int, ...]) -> None:
        """A float32 constant, given when the session is made (``SessionOptions.add_external_initializers``)."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="given when the session is made")
        self.constants.append(tensor)

    def model(self, name: str, inputs: list[tuple], outputs: list[tuple]) -> onnx.ModelProto:
        """The finished file; inputs and outputs are (name, type, shape)."""

        def info(tensor: tuple) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(*tensor)

        graph = helper.make_graph(
            self.nodes, name, [info(i) for i in inputs], [info(o) for o in outputs], self.constants
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)

"""Writes a ``.tflite`` file with one fully connected layer and 8-bit weights."""

from __future__ import annotations

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

VERSION = 9  # of LiteRT's fully connected layer: from here on inputs may be quantised asymmetrically


def fully_connected(whole: np.ndarray, step: float, rows: int) -> bytes:
    """A ``.tflite`` network of one layer, float32 ``(rows, r) -> (rows, m)``, with weights ``(m, r)`` int8."""
    kind = schema.TensorType
    weights = schema.QuantizationParametersT()
    weights.scale, weights.zeroPoint = np.array([step], np.float32), np.array([0], np.int64)
    graph = schema.SubGraphT()
    graph.tensors = [
        _tensor("x", (rows, whole.shape[1]), kind.FLOAT32),
        _tensor("weights", whole.shape, kind.INT8, 1, weights),
        _tensor("products", (rows, whole.shape[0]), kind.FLOAT32),
    ]
    graph.inputs, graph.outputs, graph.operators = [0], [2], [_layer()]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.version = VERSION
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [schema.BufferT(), schema.BufferT()]
    model.buffers[1].data = np.ascontiguousarray(whole).view(np.uint8).ravel()
    builder = flatbuffers.Builder(whole.size + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(memoryview(builder.Bytes)[builder.Head() :])


def _tensor(
    name: str, shape: tuple[int, ...], kind: int, buffer: int = 0, scale: schema.QuantizationParametersT | None = None
) -> schema.TensorT:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer, tensor.quantization = name, list(shape), kind, buffer, scale
    return tensor


def _layer() -> schema.OperatorT:
    """From tensors 0 and 1 to 2, no bias."""
    layer = schema.OperatorT()
    layer.opcodeIndex, layer.inputs, layer.outputs = 0, [0, 1, -1], [2]
    layer.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    layer.builtinOptions = schema.FullyConnectedOptionsT()
    layer.builtinOptions.asymmetricQuantizeInputs = True
    return layer

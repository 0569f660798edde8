"""Training of styles, and the graph (torch and onnx; never imported at run time)."""

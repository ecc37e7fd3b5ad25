"""TensorRT and TensorRT for RTX: engines built from the ONNX files, kept, and run."""

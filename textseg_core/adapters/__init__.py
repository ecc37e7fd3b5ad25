"""Pretrained open-vocabulary models of `transformers` behind the same `Segmenter`.

One file for each model; nothing of torch or transformers is imported until a model is loaded.
"""

"""Makes an 8-bit copy of a model and keeps it only if it passes an accuracy gate on labelled pictures.

    python3 models/tools/quantise.py MODEL --calibration DIR --pictures DIR --labels DIR [--out models] [--most-loss 0.01]

MODEL is a directory of models/ whose file is there or in the cache. `--calibration` holds pictures (jpg) like those the cameras see; 100 are
plenty. `--pictures` and `--labels` hold other pictures, with a text file for each: a line `class x y width height` for each thing, as parts of
the picture. Both models are measured by `cargo run --release -p vision --example accuracy`, that is through the product's own letterbox,
decoding and suppression. If the copy's AP50 is lower by more than `--most-loss`, nothing is written and the exit status is 1.

The first convolutions and those around the outputs stay in floats: they cost little time and much accuracy. Only onnxruntime gains from
8 bits; tract gets slower, so the copy's manifest names onnxruntime alone.

Needs numpy, onnx, onnxruntime, opencv-python-headless and PyYAML from PyPI.
"""

import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy as np
import onnx
import yaml
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
# How many convolutions at the beginning, and before each output, stay as they are.
FIRST, LAST = 3, 2


def cache_dir():
    if set_dir := os.environ.get("RONDA_CACHE_DIR"):
        return pathlib.Path(set_dir)
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ronda"


def model_file(directory):
    own = directory / "model.onnx"
    return own if own.is_file() else cache_dir() / "models" / directory.name / "model.onnx"


def tensor(path, spec):
    """Letterboxes a picture as crates/vision does for a model with fixed sides."""
    picture = cv2.imread(str(path))
    if picture is None:
        sys.exit(f"{path} is no picture")
    width, height = spec["size"]
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    canvas = np.full((height, width, 3), spec.get("padding", 114), np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(picture, size)
    if spec.get("order", "rgb") == "rgb":
        canvas = canvas[:, :, ::-1]
    mean, std = np.float32(spec.get("mean", [0] * 3)), np.float32(spec.get("std", [255] * 3))
    return np.ascontiguousarray(((canvas - mean) / std).transpose(2, 0, 1)[None].astype(np.float32))


class Pictures(CalibrationDataReader):
    def __init__(self, directory, spec, name):
        self.paths, self.spec, self.name = iter(sorted(directory.glob("*.jpg"))), spec, name

    def get_next(self):
        path = next(self.paths, None)
        return None if path is None else {self.name: tensor(path, self.spec)}


def sensitive(graph):
    """Returns the names of the convolutions at the beginning, and of the last ones on the way to each output."""
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    makers = {output: node for node in graph.node for output in node.output}
    names = {node.name for node in convolutions[:FIRST]}
    for output in graph.output:
        # A breadth-first walk meets the nearest convolutions first.
        queue, seen, left = [output.name], set(), LAST
        while queue and left:
            node = makers.get(queue.pop(0))
            if node is None or node.name in seen:
                continue
            seen.add(node.name)
            if node.op_type == "Conv":
                names.add(node.name)
                left -= 1
            queue.extend(node.input)
    return sorted(names)


def quantise(source, target, manifest, calibration):
    with tempfile.TemporaryDirectory() as scratch:
        prepared = pathlib.Path(scratch) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        graph = onnx.load(str(prepared)).graph
        quantize_static(
            str(prepared),
            str(target),
            Pictures(calibration, manifest["input"], graph.input[0].name),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=sensitive(graph),
        )


def accuracy(manifest, model, pictures, labels):
    command = ["cargo", "run", "--quiet", "--release", "-p", "vision", "--example", "accuracy", "--"]
    command += [str(path.resolve()) for path in (manifest, model, pictures, labels)]
    run = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True)
    return {figure["name"]: figure["value"] for figure in map(json.loads, run.stdout.splitlines())}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    for name in ("calibration", "pictures", "labels"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, default=REPOSITORY / "models")
    parser.add_argument("--most-loss", type=float, default=0.01)
    options = parser.parse_args()

    directory = REPOSITORY / "models" / options.model
    manifest_path = directory / "manifest.yaml"
    manifest = yaml.safe_load(manifest_path.read_text())
    source = model_file(directory)
    name = f"{options.model}-int8"
    with tempfile.TemporaryDirectory() as scratch:
        copy = pathlib.Path(scratch) / "model.onnx"
        quantise(source, copy, manifest, options.calibration)
        before = accuracy(manifest_path, source, options.pictures, options.labels)
        after = accuracy(manifest_path, copy, options.pictures, options.labels)
        loss = before["accuracy.ap50"] - after["accuracy.ap50"]
        print(json.dumps({"name": f"{name}.ap50", "value": after["accuracy.ap50"], "unit": "ratio"}))
        print(json.dumps({"name": f"{name}.ap50-loss", "value": round(loss, 4), "unit": "ratio"}))
        print(json.dumps({"name": f"{name}.things", "value": before["accuracy.things"], "unit": "things"}))
        if loss > options.most_loss:
            sys.exit(f"the 8-bit copy loses {loss:.3f} of AP50, at most {options.most_loss} is allowed: nothing is written")
        target = options.out / name
        target.mkdir(parents=True, exist_ok=True)
        data = copy.read_bytes()
        manifest |= {
            "name": name,
            "description": f"{manifest.get('description', options.model)}; 8 bits",
            "sha256": hashlib.sha256(data).hexdigest(),
            "backends": ["onnxruntime"],
        }
        (target / "model.onnx").write_bytes(data)
        (target / "manifest.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False, width=120))
        print(f"{target} is written; `ronda model use {name}` changes to it", file=sys.stderr)


if __name__ == "__main__":
    main()

"""Times the bare onnxruntime session on the file and picture that bench_detect times: the input is prepared once, outputs are not read.

    python3 bare_onnxruntime.py MODEL.onnx PICTURE.jpg WIDTH HEIGHT [RUNS]

WIDTH and HEIGHT are the model's input: 416 256 for a picture of 16 to 9 and the default model. Prints JSON lines as bench_detect does. Needs
numpy, onnxruntime and opencv-python-headless. With --whole it times what a straightforward Python program does as well: letterbox,
session, decoding of YOLOv4 heads, suppression.
"""

import json
import statistics
import sys
import time

import cv2
import numpy as np
import onnxruntime

WARM_UP = 5
ANCHORS = {32: [(81, 82), (135, 169), (344, 319)], 16: [(23, 27), (37, 58), (81, 82)]}
SCALE_XY = 1.05


def letterbox(picture, width, height):
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    canvas = np.full((height, width, 3), 114, np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(picture, size)
    tensor = canvas[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
    return np.ascontiguousarray(tensor), scale, left, top


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def decode(heads, width):
    boxes, scores, classes = [], [], []
    for head in heads:
        stride = width // head.shape[3]
        lines, columns = head.shape[2:]
        head = head.reshape(3, -1, lines, columns)
        for anchor, numbers in zip(ANCHORS[stride], head):
            confidence = sigmoid(numbers[4]) * sigmoid(numbers[5:].max(0))
            for line, column in zip(*np.where(confidence > 0.25)):
                place = numbers[:, line, column]
                x = (column + sigmoid(place[0]) * SCALE_XY - (SCALE_XY - 1) / 2) * stride
                y = (line + sigmoid(place[1]) * SCALE_XY - (SCALE_XY - 1) / 2) * stride
                w, h = np.exp(place[2]) * anchor[0], np.exp(place[3]) * anchor[1]
                boxes.append([float(x - w / 2), float(y - h / 2), float(w), float(h)])
                scores.append(float(confidence[line, column]))
                classes.append(int(place[5:].argmax()))
    return boxes, scores, classes


def median_ms(runs, run):
    times = []
    for index in range(WARM_UP + runs):
        start = time.perf_counter()
        run()
        if index >= WARM_UP:
            times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def report(name, value, unit="ms"):
    print(json.dumps({"name": name, "value": round(value, 4), "unit": unit}), flush=True)


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--whole"]
    model, picture, width, height = arguments[0], cv2.imread(arguments[1]), int(arguments[2]), int(arguments[3])
    runs = int(arguments[4]) if len(arguments) > 4 else 60
    tensor, scale, left, top = letterbox(picture, width, height)
    for threads in (1, 2):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        report(f"detect.python-bare.{threads}-thread", median_ms(runs, lambda: session.run(None, {name: tensor})))
        if "--whole" in sys.argv:

            def whole():
                prepared = letterbox(picture, width, height)[0]
                boxes, scores, classes = decode(session.run(None, {name: prepared}), width)
                return len(cv2.dnn.NMSBoxesBatched(boxes, scores, classes, 0.25, 0.45))

            report(f"detect.python-whole.{threads}-thread", median_ms(runs, whole))
            report(f"detect.python-whole.{threads}-thread.found", whole(), "boxes")


if __name__ == "__main__":
    main()

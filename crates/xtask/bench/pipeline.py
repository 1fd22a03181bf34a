"""The peer of `cargo xtask bench cameras`: the same job as a straightforward Python program.

One thread per camera reads the RTSP stream with OpenCV, takes every fifth picture of a 25 fps stream, runs the detector
with onnxruntime on the same model file, applies the whole-picture zone rule and writes alerts to a Redis stream with
redis-py. Prints one JSON line: pictures due and processed in the measured window, and the processor time spent.
"""

import argparse
import json
import os
import resource
import threading
import time
import traceback

import cv2
import numpy as np
import onnxruntime
import redis

INPUT = 416
STRIDE_FRAMES = 5
CONFIDENCE = 0.25
IOU = 0.45
SCALE_X_Y = 1.05
# The anchors of yolov4-tiny, in pixels of a 416 x 416 input, by the grid they belong to.
ANCHORS = {13: [(81, 82), (135, 169), (344, 319)], 26: [(23, 27), (37, 58), (81, 82)]}


def letterbox(picture):
    """Scales a BGR picture into the input; returns it as NCHW floats with the scale and the margins."""
    height, width = picture.shape[:2]
    scale = min(INPUT / width, INPUT / height)
    inner = cv2.resize(picture, (round(width * scale), round(height * scale)))
    left, top = (INPUT - inner.shape[1]) // 2, (INPUT - inner.shape[0]) // 2
    canvas = np.full((INPUT, INPUT, 3), 114, np.uint8)
    canvas[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    chw = canvas[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
    return np.ascontiguousarray(chw), scale, left, top


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def boxes_of(heads, scale, left, top):
    """Decodes the raw heads into boxes (x, y, w, h), scores and class ids, after class-wise suppression."""
    boxes, scores, classes = [], [], []
    for head in heads:
        rows, columns = head.shape[2:]
        cells = head[0].reshape(3, 85, rows, columns)
        objectness = sigmoid(cells[:, 4])
        for anchor, row, column in zip(*np.where(objectness > CONFIDENCE)):
            cell = cells[anchor, :, row, column]
            odds = sigmoid(cell[5:]) * objectness[anchor, row, column]
            best = int(odds.argmax())
            if odds[best] <= CONFIDENCE:
                continue
            width, height = ANCHORS[rows][anchor]
            x = (sigmoid(cell[0]) * SCALE_X_Y - (SCALE_X_Y - 1) / 2 + column) * INPUT / columns
            y = (sigmoid(cell[1]) * SCALE_X_Y - (SCALE_X_Y - 1) / 2 + row) * INPUT / rows
            w, h = np.exp(cell[2]) * width, np.exp(cell[3]) * height
            boxes.append([(x - w / 2 - left) / scale, (y - h / 2 - top) / scale, w / scale, h / scale])
            scores.append(float(odds[best]))
            classes.append(best)
    if not boxes:
        return []
    kept = cv2.dnn.NMSBoxesBatched(boxes, scores, classes, CONFIDENCE, IOU)
    return [(boxes[i], scores[i], classes[i]) for i in kept]


class Camera(threading.Thread):
    """Reads one stream and handles every fifth picture of it."""

    def __init__(self, number, url, session, queue, zone):
        super().__init__(daemon=True)
        self.number, self.url, self.session, self.queue, self.zone = number, url, session, queue, zone
        self.processed = 0
        self.found = 0

    def run(self):
        stream = cv2.VideoCapture(self.url, cv2.CAP_FFMPEG)
        count = 0
        while True:
            read, picture = stream.read()
            if not read:
                stream = cv2.VideoCapture(self.url, cv2.CAP_FFMPEG)
                continue
            count += 1
            if count % STRIDE_FRAMES == 0:
                self.look(picture)
                self.processed += 1

    def look(self, picture):
        tensor, scale, left, top = letterbox(picture)
        name = self.session.get_inputs()[0].name
        for box, score, kind in boxes_of(self.session.run(None, {name: tensor}), scale, left, top):
            self.found += 1
            centre = (box[0] + box[2] / 2, box[1] + box[3] / 2)
            if cv2.pointPolygonTest(self.zone, centre, False) >= 0:
                alert = {"camera_id": f"cam-{self.number}", "class_id": kind, "confidence": score, "bbox": [float(v) for v in box]}
                self.queue.xadd("alerts", {"data": json.dumps(alert)}, maxlen=10000, approximate=True)


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def give_up(failure):
    """A camera whose thread died would look like a slow one: end instead."""
    traceback.print_exception(failure.exc_type, failure.exc_value, failure.exc_traceback)
    os._exit(1)


def main():
    threading.excepthook = give_up
    arguments = argparse.ArgumentParser()
    for name in ("--url", "--model", "--redis"):
        arguments.add_argument(name, required=True)
    arguments.add_argument("--cameras", type=int, required=True)
    arguments.add_argument("--warm-up", type=float, required=True)
    arguments.add_argument("--seconds", type=float, required=True)
    given = arguments.parse_args()

    cv2.setNumThreads(1)
    session = onnxruntime.InferenceSession(given.model, providers=["CPUExecutionProvider"])
    queue = redis.Redis.from_url(given.redis)
    zone = np.array([[0, 0], [1280, 0], [1280, 720], [0, 720]], np.int32)
    cameras = [Camera(n, given.url, session, queue, zone) for n in range(given.cameras)]
    for camera in cameras:
        camera.start()
    time.sleep(given.warm_up)
    before, began, cpu = [c.processed for c in cameras], time.monotonic(), processor_seconds()
    found = sum(c.found for c in cameras)
    time.sleep(given.seconds)
    elapsed = time.monotonic() - began
    processed = [c.processed - b for c, b in zip(cameras, before)]
    print(
        json.dumps(
            {
                "seconds": elapsed,
                "processed": sum(processed),
                "slowest": min(processed),
                "found": sum(c.found for c in cameras) - found,
                "cpu_seconds": processor_seconds() - cpu,
            }
        ),
        flush=True,
    )
    # The cameras' threads never end by themselves.
    os._exit(0)


if __name__ == "__main__":
    main()

"""Calls every method of the official Kachaka client against the simulated robot, and compares what comes back.

usage: checks.py (sync | asyncio) HOST:PORT CONTROL_URL

The same checks run with both clients: `Client` makes the calls of either awaitable and notes their names. At the end the
names are compared with the methods that the client has, so that a new version's new methods are not forgotten.
"""

import asyncio
import inspect
import json
import math
import os
import sys
import tempfile
import urllib.request

import grpc
import kachaka_api
import kachaka_api.aio
from kachaka_api import pb2

UNSERVED = {"get_object_detection_features"}
LIMIT = 30.0


class Client:
    def __init__(self, kind: str, target: str) -> None:
        self.kind = kind
        self.inner = kachaka_api.KachakaApiClient(target) if kind == "sync" else kachaka_api.aio.KachakaApiClient(target)
        self.called: set[str] = set()

    def methods(self) -> set[str]:
        members = inspect.getmembers(kachaka_api.base.KachakaApiClientBase, inspect.isfunction)
        return {name for name, _ in members if not name.startswith("_")}

    def __getattr__(self, name: str):
        method = getattr(self.inner, name)
        self.called.add(name)

        async def call(*args, **kwargs):
            answer = method(*args, **kwargs)
            return await answer if inspect.isawaitable(answer) else answer

        return call

    async def stub(self, name: str, request):
        answer = getattr(self.inner.stub, name)(request)
        return await answer if self.kind == "asyncio" else answer


class Control:
    """What the simulation's operator can do."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            content = response.read()
        return json.loads(content) if content else None

    def truth(self):
        return self.call("GET", "/robots/robot-a/truth")


def equal(found, expected, what: str) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, expected {expected!r}")


def near(found: float, expected: float, tolerance: float, what: str) -> None:
    if abs(found - expected) > tolerance:
        raise AssertionError(f"{what}: {found}, expected {expected} ± {tolerance}")


def result_is(result: pb2.Result, code: int, what: str) -> None:
    equal((result.success, result.error_code), (code == 0, code), what)


async def until(condition, what: str):
    deadline = asyncio.get_running_loop().time() + LIMIT
    while True:
        value = await condition()
        if value:
            return value
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"it never came true: {what}")
        await asyncio.sleep(0.05)


async def expect_status(call, code: grpc.StatusCode, what: str) -> None:
    try:
        await call
    except grpc.RpcError as error:
        equal(error.code(), code, what)
    else:
        raise AssertionError(f"{what}: it was answered, expected {code}")


async def identity(client: Client, control: Control) -> None:
    serial = await client.get_robot_serial_number()
    equal(serial[:4], "SIM-", "serial number")
    equal(await client.get_robot_version(), "3.17.5", "version")
    equal((await client.stub("IsReady", pb2.EmptyRequest())).ready, True, "ready")
    pose = await client.get_robot_pose()
    equal((pose.x, pose.y, pose.theta), (0.36, 4.75, 0.0), "pose on the charger")
    percent, status = await client.get_battery_info()
    near(percent, 92.0, 5.0, "battery")
    equal(status, pb2.POWER_SUPPLY_STATUS_CHARGING, "power supply on the charger")
    equal(list(await client.get_error()), [], "errors")
    codes = await client.get_robot_error_code()
    equal(codes[19001].title_en, "Cannot reach the destination", "title of 19001")
    equal(codes[21051].error_type, "Recoverable", "kind of 21051")
    equal(all(isinstance(code.ref_url, str) for code in codes.values()), True, "reference of every code")


async def maps(client: Client, control: Control) -> None:
    map = await client.get_png_map()
    equal(map.data[:8], b"\x89PNG\r\n\x1a\n", "kind of picture")
    size = int.from_bytes(map.data[16:20], "big"), int.from_bytes(map.data[20:24], "big")
    equal((map.width, map.height), size, "size of the map")
    equal((map.name, map.resolution), ("Ground floor", 0.05), "name and resolution")
    equal((map.origin.x, map.origin.y, map.origin.theta), (-1.2, -1.1, 0.0), "origin")
    geometry = kachaka_api.geometry_util.MapImage2DGeometry(map)
    pixel = geometry.calculate_robot_pose_matrix_in_pixel(await client.get_robot_pose())
    near(pixel[0][2], (0.36 + 1.2) / 0.05 - 0.5, 1e-6, "column of the charger")
    near(pixel[1][2], 212 - (4.75 + 1.1) / 0.05 - 0.5, 1e-6, "row of the charger")

    entries = {entry.id: entry.name for entry in await client.get_map_list()}
    equal(entries, {"map-ground-floor": "Ground floor", "map-upper-floor": "Upper floor"}, "maps")
    equal(await client.get_current_map_id(), "map-ground-floor", "current map")
    equal((await client.load_map_preview("map-ground-floor")).data, map.data, "preview of the current map")

    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "map")
        result_is(await client.export_map("map-upper-floor", path), 0, "export")
        result, imported = await client.import_map(path, chunk_size=1000)
        result_is(result, 0, "import")
        result_is(await client.export_map("map-of-nowhere", path), 15508, "export of nothing")
    equal(imported in [entry.id for entry in await client.get_map_list()], True, "the imported map is listed")

    result_is(await client.switch_map(imported), 0, "switch")
    equal(await client.get_current_map_id(), imported, "map after the switch")
    near((await client.get_png_map()).origin.theta, 0.12, 1e-9, "turn of the other floor's map")
    pose = await client.get_robot_pose()
    near(pose.y, 1.6, 1e-6, "on the other floor's charger")
    result_is(await client.switch_map("map-of-nowhere"), 15508, "switch to nothing")
    result_is(await client.switch_map("map-ground-floor", pose={"x": 4.0, "y": 4.3, "theta": 0.0}), 0, "switch back")
    near((await client.get_robot_pose()).x, 4.0, 1e-6, "where the switch put it")
    result_is(await client.set_robot_pose({"x": 0.36, "y": 4.75, "theta": 0.0}), 0, "set pose")
    near((await client.get_robot_pose()).x, 0.36, 1e-6, "pose that was set")


async def places(client: Client, control: Control) -> None:
    locations = {location.name: location for location in await client.get_locations()}
    expected = {"Lobby", "Office", "Server room", "Meeting room", "Storage", "Kitchen", "Emergency exit", "Shelf home", "Charger"}
    equal(set(locations), expected, "locations")
    equal(locations["Charger"].type, pb2.LOCATION_TYPE_CHARGER, "type of the charger")
    equal(locations["Shelf home"].type, pb2.LOCATION_TYPE_SHELF_HOME, "type of the shelf's home")
    equal(await client.get_default_location_id(), "shelf-home", "default location")
    shelves = await client.get_shelves()
    equal([(shelf.id, shelf.name, shelf.home_location_id) for shelf in shelves], [("trolley", "Trolley", "shelf-home")], "shelves")
    equal(await client.get_moving_shelf_id(), "", "moving shelf")
    digest = await client.stub("GetLocationsDigest", pb2.GetRequest())
    equal({location.name for location in digest.locations}, expected, "digest of locations")
    digest = await client.stub("GetShelvesDigest", pb2.GetRequest())
    equal([shelf.id for shelf in digest.shelves], ["trolley"], "digest of shelves")
    await client.update_resolver()


async def commands(client: Client, control: Control) -> None:
    result_is(await client.speak("Hello"), 0, "speak")
    result_is(await client.move_to_location("Kitchen"), 0, "move to the kitchen")
    pose = await client.get_robot_pose()
    near(math.hypot(pose.x - 10.6, pose.y - 5.8), 0.0, 0.06, "distance to the kitchen's place")
    _, status = await client.get_battery_info()
    equal(status, pb2.POWER_SUPPLY_STATUS_DISCHARGING, "power supply off the charger")
    result_is(await client.move_to_pose(8.0, 4.3, 1.0), 0, "move to a pose")
    pose = await client.get_robot_pose()
    near(pose.theta, 1.0, 0.06, "heading that was asked for")
    result_is(await client.move_forward(0.2), 15508, "move forward without a speed")
    result_is(await client.rotate_in_place(-1.0), 0, "rotate")
    near((await client.get_robot_pose()).theta, 0.0, 0.1, "heading after the turn")
    before = await client.get_robot_pose()
    result_is(await client.move_forward(0.3, speed=0.1), 0, "move forward")
    after = await client.get_robot_pose()
    near(after.x - before.x, 0.3, 0.03, "metres forward")
    result_is(await client.localize(), 0, "localize")
    equal(await client.is_command_running(), False, "running at rest")
    equal(await client.get_running_command(), None, "command at rest")

    goal = pb2.Command(move_to_pose_command=pb2.MoveToPoseCommand(x=1.5, y=4.3, yaw=0.0))
    result_is(await client.start_command(goal, wait_for_completion=False), 0, "start")
    equal((await client.get_command_state())[0], pb2.COMMAND_STATE_PENDING, "state right after the start")
    await until(client.is_command_running, "the command runs")
    equal(await client.get_running_command(), goal, "running command")
    state, command = await client.get_command_state()
    equal((state, command), (pb2.COMMAND_STATE_RUNNING, goal), "state while it runs")
    result, command = await client.cancel_command()
    equal((result.success, command), (True, goal), "cancelled command")
    result, command = await client.get_last_command_result()
    result_is(result, 10001, "result of the cancelled command")
    equal(command, goal, "command of the last result")

    result_is(await client.lock(80000.0, wait_for_completion=False), 0, "lock")
    await until(client.is_command_running, "the lock runs")
    result_is(await client.proceed(), 0, "proceed")

    async def is_over():
        return not await client.is_command_running()

    await until(is_over, "proceed ends the lock")
    result_is((await client.get_last_command_result())[0], 0, "result of the lock")
    result_is(await client.proceed(), 15508, "proceed with nothing")
    history = await client.get_history_list()
    equal(history[0].command.HasField("lock_command") and history[0].success, True, "newest entry of the history")
    equal((history[1].success, history[1].error_code), (False, 10001), "the entry before")

    equal(await client.get_shortcuts(), {"shortcut-home": "Go home", "shortcut-hello": "Say hello"}, "shortcuts")
    result_is(await client.start_shortcut_command("shortcut-hello"), 0, "shortcut")
    result_is(await client.start_shortcut_command("shortcut-of-nobody"), 15508, "unknown shortcut")


async def shelves(client: Client, control: Control) -> None:
    result_is(await client.undock_shelf(), 10254, "undock with nothing docked")
    result_is(await client.dock_shelf(), 14606, "dock far from the shelf")
    result_is(await client.move_shelf("Trolley", "Lobby"), 0, "move the shelf")
    equal(await client.get_moving_shelf_id(), "trolley", "shelf that moves")
    result_is(await client.undock_shelf(), 0, "undock")
    near((await client.get_shelves())[0].pose.x, 2.2, 0.1, "where the shelf is")
    result_is(await client.dock_shelf(), 0, "dock again")
    result_is(await client.return_shelf("Trolley"), 0, "return the shelf")
    equal(await client.get_moving_shelf_id(), "", "shelf that moves after it was returned")
    result_is(await client.dock_any_shelf_with_registration("Lobby"), 14606, "dock where no shelf is")
    result_is(await client.dock_any_shelf_with_registration("Shelf home"), 0, "dock where the shelf is")
    result_is(await client.undock_shelf(), 0, "undock there")
    result_is(await client.reset_shelf_pose("trolley"), 0, "reset the shelf's pose")
    result_is(await client.reset_shelf_pose("sofa"), 11005, "reset an unknown shelf")
    result_is(await client.move_shelf("Trolley", "Charger"), 14605, "put the shelf on the charger")


async def settings(client: Client, control: Control) -> None:
    for volume in (3, 10):
        result_is(await client.set_speaker_volume(volume), 0, "set the volume")
        equal(await client.get_speaker_volume(), volume, "volume")
    result_is(await client.set_speaker_volume(11), 15508, "set too high a volume")
    for enabled in (False, True):
        result_is(await client.set_auto_homing_enabled(enabled), 0, "set auto homing")
        equal(await client.get_auto_homing_enabled(), enabled, "auto homing")
    torch = pb2.SetFrontTorchIntensityRequest(intensity=128)
    result_is((await client.stub("SetFrontTorchIntensity", torch)).result, 0, "front torch")
    torch = pb2.SetBackTorchIntensityRequest(intensity=300)
    result_is((await client.stub("SetBackTorchIntensity", torch)).result, 15508, "back torch, too bright")


async def driving_by_hand(client: Client, control: Control) -> None:
    equal(await client.get_manual_control_enabled(), False, "manual control before")
    # The client switches manual control on by itself when a velocity is refused.
    result_is(await client.set_robot_velocity(0.1, 0.5), 0, "set a velocity")
    equal(await client.get_manual_control_enabled(), True, "manual control")
    told = control.truth()["commands"][-3:]
    equal([entry["call"] for entry in told], ["SetRobotVelocity", "SetManualControlEnabled", "SetRobotVelocity"], "calls")
    near(told[2]["content"]["linear"], 0.1 / 0.3, 1e-6, "share of the greatest speed")
    await client.set_robot_stop()
    equal(await client.get_manual_control_enabled(), False, "manual control after the stop")
    result_is(await client.set_manual_control_enabled(True), 0, "switch manual control on")
    result_is(await client.set_manual_control_enabled(False), 0, "switch manual control off")


async def senses(client: Client, control: Control) -> None:
    result_is(await client.set_robot_pose({"x": 4.0, "y": 4.3, "theta": 0.0}), 0, "set pose")
    first = await client.get_front_camera_ros_compressed_image()
    equal((first.format, first.data[:2], first.data[-2:]), ("jpeg", b"\xff\xd8", b"\xff\xd9"), "front picture")

    async def newer():
        image = await client.get_front_camera_ros_compressed_image()
        return image if image.header.stamp_nsec > first.header.stamp_nsec else None

    await until(newer, "there is a newer picture")
    back = await client.get_back_camera_ros_compressed_image()
    equal((back.format, back.data[:2]), ("jpeg", b"\xff\xd8"), "back picture")
    for image in (await client.get_front_camera_ros_image(), await client.get_back_camera_ros_image()):
        equal((image.width, image.height, image.encoding, image.step), (1280, 720, "rgb8", 3840), "raw picture")
        equal(len(image.data), 3840 * 720, "bytes of a raw picture")
    for info in (await client.get_front_camera_ros_camera_info(), await client.get_back_camera_ros_camera_info()):
        equal((info.width, info.height, len(info.K), info.K[2]), (1280, 720, 9, 640.0), "camera geometry")

    tof = await client.get_tof_camera_ros_image()
    equal((tof.encoding, len(tof.data)), ("16UC1", tof.width * tof.height * 2), "depths")
    row = tof.height // 2 * tof.width * 2
    ahead = int.from_bytes(tof.data[row + tof.width : row + tof.width + 2], "little")
    equal(ahead, 0, "nothing near straight ahead in the corridor")
    left = int.from_bytes(tof.data[row : row + 2], "little")
    near(left, 850.0, 150.0, "millimetres to the wall at the picture's left edge")
    equal((await client.get_tof_camera_ros_compressed_image()).data[1:4], b"PNG", "compressed depths")
    equal((await client.get_tof_camera_ros_camera_info()).width, tof.width, "depth geometry")

    control.call("PUT", "/building/people", {"at": {"x": 6.0, "y": 4.3, "theta": 0.0}})
    _, objects = await client.get_object_detection()
    people = [found for found in objects if found.label == pb2.OBJECT_LABEL_PERSON]
    equal(len(people), 1, "people before the robot")
    near(people[0].distance_median, 1.9, 0.2, "distance to the person")
    near(people[0].roi.x_offset + people[0].roi.width / 2, 640.0, 10.0, "middle of the person")

    await client.stub("ActivateLaserScan", pb2.ActivateLaserScanRequest(duration_sec=10.0))
    scan = await client.get_ros_laser_scan()
    equal(len(scan.ranges), 360, "rays")
    near(scan.ranges[180], 1.76, 0.05, "distance to the person, by laser")
    near(scan.ranges[90], 0.85, 0.05, "distance to the wall on the right, by laser")
    control.call("PUT", "/building/people", {"count": 0})

    near((await client.get_ros_imu()).linear_acceleration.z, 9.81, 0.1, "gravity")
    for odometry in (await client.get_ros_odometry(), await client.get_ros_wheel_odometry()):
        near(odometry.pose.pose.position.x, 4.0, 0.01, "odometry")
    transforms = (await client.stub("GetStaticTransform", pb2.GetRequest())).transforms
    equal({transform.child_frame_id for transform in transforms}, {"laser_frame", "camera_front", "camera_back"}, "frames")


async def home(client: Client, control: Control) -> None:
    result_is(await client.return_home(), 0, "return home")
    equal((await client.get_battery_info())[1], pb2.POWER_SUPPLY_STATUS_CHARGING, "power supply at home")
    equal(control.truth()["docked"], True, "docked")
    for method in (client.get_tof_camera_ros_image, client.get_tof_camera_ros_compressed_image):
        try:
            await method()
        except Exception as error:
            equal(str(error), "tof is not available on charger.", "depths on the charger")
        else:
            raise AssertionError("the depth camera works on the charger")


async def faults(client: Client, control: Control) -> None:
    control.call("PUT", "/robots/robot-a/faults", {"codes": [21052]})
    equal(list(await client.get_error()), [21052], "active errors")
    control.call("PUT", "/robots/robot-a/faults", {"codes": []})
    control.call("POST", "/robots/robot-a/refuse", {"code": 10253})
    result_is(await client.move_to_pose(4.0, 4.3, 0.0), 10253, "refused command")
    control.call("PUT", "/building/doors", {"closed": ["office"]})
    result_is(await client.move_to_location("Office"), 19001, "way that is blocked")
    control.call("PUT", "/building/doors", {"closed": []})

    equal(await client.set_emergency_stop(), 0, "emergency stop")

    async def is_latched():
        return 21051 in await client.get_error()

    await until(is_latched, "the emergency stop latches")
    result_is(await client.return_home(), 10107, "command while paused")
    result_is(await client.set_manual_control_enabled(True), 12401, "manual control while paused")
    control.call("POST", "/robots/robot-a/power-button")
    equal(list(await client.get_error()), [], "errors after the power button")


async def unserved(client: Client, control: Control) -> None:
    await expect_status(client.get_object_detection_features(), grpc.StatusCode.UNIMPLEMENTED, "features")
    await expect_status(client.stub("GetSoundList", pb2.GetRequest()), grpc.StatusCode.UNIMPLEMENTED, "sounds")


async def streams(client: Client, control: Control) -> None:
    """The asyncio client follows topics by their cursors."""
    if client.kind == "sync":
        return
    inner = client.inner
    handlers = [
        inner.png_map, inner.robot_pose, inner.object_detection, inner.ros_imu, inner.ros_odometry,
        inner.ros_wheel_odometry, inner.front_camera_ros_image, inner.front_camera_ros_compressed_image,
        inner.command_state, inner.last_command_result, inner.shelves, inner.moving_shelf_id, inner.locations,
        inner.map_list, inner.current_map_id, inner.history_list, inner.auto_homing_enabled,
        inner.manual_control_enabled, inner.error,
    ]
    for handler in handlers:
        stream = handler.stream()
        await asyncio.wait_for(anext(stream), LIMIT)
        await stream.aclose()

    states = []

    async def note(state) -> None:
        states.append(state[0])

    result_is(await client.set_robot_pose({"x": 2.0, "y": 4.3, "theta": 0.0}), 0, "set pose")
    inner.set_command_state_callback(note)
    poses = inner.robot_pose.stream()
    first = await anext(poses)
    drive = asyncio.create_task(client.move_to_pose(4.0, 4.3, 0.0))
    async for pose in poses:
        if pose.x > first.x + 0.5:
            break
    result_is(await asyncio.wait_for(drive, LIMIT), 0, "the drive that was followed")
    inner.set_command_state_callback(None)
    pending, running = pb2.COMMAND_STATE_PENDING, pb2.COMMAND_STATE_RUNNING
    equal(running in states and states[0] == pending, True, f"states that were told: {states}")


async def restart(client: Client, control: Control) -> None:
    result_is(await client.restart_robot(), 0, "restart")

    async def is_away():
        return control.truth()["link"] == "cut"

    await until(is_away, "the robot is away")

    async def answers():
        try:
            return await client.get_robot_version()
        except grpc.RpcError:
            return None

    await until(answers, "the robot is back")
    result, command = await client.get_last_command_result()
    equal(command.WhichOneof("command"), None, "last command after a restart")


async def main() -> None:
    kind, target, url = sys.argv[1:]
    client, control = Client(kind, target), Control(url)
    parts = [identity, maps, places, commands, shelves, settings, driving_by_hand, senses, streams, faults, home, unserved, restart]
    for part in parts:
        await part(client, control)
        print(f"{kind}: {part.__name__} is as it should be", flush=True)
    equal(client.methods() - client.called, set(), "methods of the client that no check calls")
    equal(UNSERVED - client.called, set(), "methods that are not served, and are not known to be")


asyncio.run(main())

// Where a robot can be sent: places on its map that it can reach, found on the picture that the page shows of it.

/** Returns `count` places in metres with free ground around them, reachable from the robot, and apart from each other. */
export function freePlaces(visit, robot, count) {
  return visit.page.evaluate(
    async ([robot, count]) => {
      const state = await (await fetch(`/api/${robot}/v1/state`)).json();
      const { map, pose } = state;
      const picture = await createImageBitmap(await (await fetch(`/api/${robot}/v1/map`)).blob());
      const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d', { willReadFrequently: true });
      context.drawImage(picture, 0, 0);
      const { data } = context.getImageData(0, 0, picture.width, picture.height);
      const isFree = (u, v) => u >= 0 && v >= 0 && u < picture.width && v < picture.height && data[(v * picture.width + u) * 4] > 240;
      const reach = Math.ceil(0.4 / map.resolution);
      const isWide = (u, v) => {
        for (let dv = -reach; dv <= reach; dv += 2) for (let du = -reach; du <= reach; du += 2) if (!isFree(u + du, v + dv)) return false;
        return true;
      };
      const [cos, sin] = [Math.cos(map.origin.theta), Math.sin(map.origin.theta)];
      const toPixel = ({ x, y }) => {
        const [dx, dy] = [x - map.origin.x, y - map.origin.y];
        return [Math.floor((cos * dx + sin * dy) / map.resolution), Math.floor(map.height - (cos * dy - sin * dx) / map.resolution)];
      };
      const toWorld = (u, v) => {
        const [along, across] = [(u + 0.5) * map.resolution, (map.height - v - 0.5) * map.resolution];
        return { x: map.origin.x + cos * along - sin * across, y: map.origin.y + sin * along + cos * across };
      };
      // Step by step from the robot over free ground; near the dock it stands close to a wall, so wideness is asked only of the places.
      const [u0, v0] = toPixel(pose);
      const stride = Math.max(1, Math.round(0.1 / map.resolution));
      const seen = new Map([[`${u0},${v0}`, 0]]);
      const queue = [[u0, v0]];
      const found = [];
      while (queue.length > 0 && found.length < count) {
        const [u, v] = queue.shift();
        const steps = seen.get(`${u},${v}`);
        const place = toWorld(u, v);
        const isApart = found.every((other) => Math.hypot(other.x - place.x, other.y - place.y) > 1.4);
        if (steps > 6 && isApart && isWide(u, v)) found.push(place);
        for (const [du, dv] of [[stride, 0], [-stride, 0], [0, stride], [0, -stride]]) {
          const key = `${u + du},${v + dv}`;
          if (!seen.has(key) && (isFree(u + du, v + dv) || steps < 3)) {
            seen.set(key, steps + 1);
            queue.push([u + du, v + dv]);
          }
        }
      }
      return found;
    },
    [robot, count],
  );
}

/** Returns the point of the screen that shows a place of the world. */
export function onScreen(visit, robot, place) {
  return visit.page.evaluate(
    async ([robot, place]) => {
      const { map } = await (await fetch(`/api/${robot}/v1/state`)).json();
      const canvas = document.querySelector('canvas[data-map="shown"]');
      const frame = canvas.getBoundingClientRect();
      const [dx, dy] = [place.x - map.origin.x, place.y - map.origin.y];
      const [cos, sin] = [Math.cos(map.origin.theta), Math.sin(map.origin.theta)];
      const u = (cos * dx + sin * dy) / map.resolution;
      const v = map.height - (cos * dy - sin * dx) / map.resolution;
      return [frame.left + (u / map.width) * frame.width, frame.top + (v / map.height) * frame.height];
    },
    [robot, place],
  );
}

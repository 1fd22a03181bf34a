import type { MapFrame, Pose } from '../api/patrol';

/** A place: metres in the world, or image points from the upper left corner of a map's picture. */
export interface Place {
  x: number;
  y: number;
}

/**
 * Returns where a place of the world is on the map's picture. The picture's points are continuous: the first pixel covers 0 to 1, so its
 * centre is at 0.5, and what the robot calls pixel (u, v) has its centre at (u + 0.5, v + 0.5).
 */
export function toImage(map: MapFrame, { x, y }: Place): Place {
  const [dx, dy] = [x - map.origin.x, y - map.origin.y];
  const [cos, sin] = [Math.cos(map.origin.theta), Math.sin(map.origin.theta)];
  return { x: (cos * dx + sin * dy) / map.resolution, y: map.height - (cos * dy - sin * dx) / map.resolution };
}

/** Returns the place of the world under a point of the map's picture. */
export function toWorld(map: MapFrame, { x, y }: Place): Place {
  const [along, across] = [x * map.resolution, (map.height - y) * map.resolution];
  const [cos, sin] = [Math.cos(map.origin.theta), Math.sin(map.origin.theta)];
  return { x: map.origin.x + cos * along - sin * across, y: map.origin.y + sin * along + cos * across };
}

/** Returns the direction on the picture, in radians clockwise from the right, of a heading in the world. */
export function toImageAngle(map: MapFrame, theta: number): number {
  return normal(map.origin.theta - theta);
}

/** Returns the heading in the world of a direction on the picture. */
export function toWorldAngle(map: MapFrame, angle: number): number {
  return normal(map.origin.theta - angle);
}

/** Brings an angle between -π (left out) and π. */
export function normal(angle: number): number {
  const turned = angle % (2 * Math.PI);
  if (turned > Math.PI) return turned - 2 * Math.PI;
  return turned <= -Math.PI ? turned + 2 * Math.PI : turned;
}

/** Returns a heading in whole degrees from 0 to 359, as operators read it. */
export function degrees(theta: number): number {
  return (Math.round((theta * 180) / Math.PI) % 360 + 360) % 360;
}

/** Returns the heading of so many degrees. */
export function radians(angle: number): number {
  return normal((angle * Math.PI) / 180);
}

/** Returns how far apart two places are. */
export function distance(a: Place, b: Place): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** Returns the pose a share of the way from one to another, turning the short way. */
export function between(from: Pose, to: Pose, share: number): Pose {
  const part = Math.min(1, Math.max(0, share));
  return {
    x: from.x + (to.x - from.x) * part,
    y: from.y + (to.y - from.y) * part,
    theta: normal(from.theta + normal(to.theta - from.theta) * part),
  };
}

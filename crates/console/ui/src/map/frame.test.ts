import { describe, expect, it } from 'vitest';
import type { MapFrame } from '../api/patrol';
import { between, degrees, normal, radians, toImage, toImageAngle, toWorld, toWorldAngle } from './frame';

const STRAIGHT: MapFrame = { resolution: 0.05, width: 400, height: 200, origin: { x: -2, y: -1, theta: 0 } };
const TURNED: MapFrame = { ...STRAIGHT, origin: { x: -2, y: -1, theta: Math.PI / 6 } };

/** The robot vendor's own rule for the centre of a pixel, written as it is given: T(origin) · (res·(u+½), res·(H−v−½)). */
function vendorCentre(map: MapFrame, u: number, v: number): { x: number; y: number } {
  const [along, across] = [map.resolution * (u + 0.5), map.resolution * (map.height - v - 0.5)];
  const { x, y, theta } = map.origin;
  return { x: x + along * Math.cos(theta) - across * Math.sin(theta), y: y + along * Math.sin(theta) + across * Math.cos(theta) };
}

describe.each([
  ['an upright map', STRAIGHT],
  ['a turned map', TURNED],
])('%s', (_, map) => {
  it.each([
    [0, 0],
    [399, 199],
    [17, 102],
  ])('has pixel %i, %i where the robot says it is', (u, v) => {
    const image = toImage(map, vendorCentre(map, u, v));
    expect(image.x).toBeCloseTo(u + 0.5, 9);
    expect(image.y).toBeCloseTo(v + 0.5, 9);
  });

  it('leads back from the picture to the same place', () => {
    const place = toWorld(map, toImage(map, { x: 3.21, y: 1.5 }));
    expect(place.x).toBeCloseTo(3.21, 9);
    expect(place.y).toBeCloseTo(1.5, 9);
  });

  it('draws a heading in the direction in which the robot would go', () => {
    const theta = 0.7;
    const [from, to] = [toImage(map, { x: 1, y: 1 }), toImage(map, { x: 1 + Math.cos(theta), y: 1 + Math.sin(theta) })];
    expect(toImageAngle(map, theta)).toBeCloseTo(Math.atan2(to.y - from.y, to.x - from.x), 9);
    expect(toWorldAngle(map, toImageAngle(map, theta))).toBeCloseTo(theta, 9);
  });
});

it('has the origin of an upright map in the lower left corner', () => {
  expect(toImage(STRAIGHT, { x: -2, y: -1 })).toEqual({ x: 0, y: 200 });
});

describe('an angle', () => {
  it.each([
    [0, 0],
    [Math.PI, Math.PI],
    [-Math.PI, Math.PI],
    [3 * Math.PI, Math.PI],
    [-2.5 * Math.PI, -0.5 * Math.PI],
  ])('%d is %d', (angle, wanted) => {
    expect(normal(angle)).toBeCloseTo(wanted, 9);
  });

  it('reads as degrees from 0 to 359', () => {
    expect(degrees(-Math.PI / 2)).toBe(270);
    expect(degrees(-0.001)).toBe(0);
    expect(radians(270)).toBeCloseTo(-Math.PI / 2, 9);
  });
});

describe('a robot between two poses', () => {
  it('turns the short way', () => {
    const pose = between({ x: 0, y: 0, theta: 3 }, { x: 2, y: 4, theta: -3 }, 0.5);
    expect(pose).toMatchObject({ x: 1, y: 2 });
    expect(Math.abs(pose.theta)).toBeCloseTo(Math.PI, 9);
  });

  it('never goes beyond where it is known to be', () => {
    const to = { x: 1, y: 0, theta: 0 };
    expect(between({ x: 0, y: 0, theta: 0 }, to, 7)).toEqual(to);
  });
});

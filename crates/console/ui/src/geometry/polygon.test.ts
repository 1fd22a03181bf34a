import { describe, expect, it } from 'vitest';
import * as polygon from './polygon';

const SQUARE: polygon.Point[] = [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]];
const BOW_TIE: polygon.Point[] = [[0, 0], [1, 1], [1, 0], [0, 1]];

describe('a corner', () => {
  it('moves, but not out of the picture', () => {
    expect(polygon.withCorner(SQUARE, 2, [1.4, -0.1])).toEqual([[0.2, 0.2], [0.6, 0.2], [1, 0], [0.2, 0.6]]);
  });

  it('is added in the middle of an edge, the last edge included', () => {
    expect(polygon.withNewCorner(SQUARE, 0)[1]).toEqual([0.4, 0.2]);
    expect(polygon.withNewCorner(SQUARE, 3)).toHaveLength(5);
    expect(polygon.withNewCorner(SQUARE, 3)[4]).toEqual([0.2, 0.4]);
  });

  it('is added where the pointer is', () => {
    expect(polygon.withNewCorner(SQUARE, 0, [0.3, -1])[1]).toEqual([0.3, 0]);
  });

  it('goes, but three always stay', () => {
    const triangle = polygon.withoutCorner(SQUARE, 1);
    expect(triangle).toEqual([[0.2, 0.2], [0.6, 0.6], [0.2, 0.6]]);
    expect(polygon.withoutCorner(triangle, 0)).toEqual(triangle);
  });

  it('leaves the shape it came from unchanged', () => {
    const before = structuredClone(SQUARE);
    polygon.withCorner(SQUARE, 0, [0, 0]);
    polygon.withNewCorner(SQUARE, 0);
    polygon.withoutCorner(SQUARE, 0);
    expect(SQUARE).toEqual(before);
  });
});

describe('a shape', () => {
  it('moves as a whole and stops at the border without being squeezed', () => {
    const shape = polygon.moved(SQUARE, [-0.5, 0.9]);
    expect(shape[0]?.[0]).toBeCloseTo(0);
    expect(shape[2]?.[1]).toBeCloseTo(1);
    expect(polygon.area(shape)).toBeCloseTo(polygon.area(SQUARE));
  });

  it('knows what is inside', () => {
    expect(polygon.contains(SQUARE, [0.4, 0.4])).toBe(true);
    expect(polygon.contains(SQUARE, [0.7, 0.4])).toBe(false);
    expect(polygon.contains(BOW_TIE, [0.5, 0.1])).toBe(false);
    expect(polygon.contains(BOW_TIE, [0.1, 0.5])).toBe(true);
  });

  it('knows when it crosses itself', () => {
    expect(polygon.crossesItself(SQUARE)).toBe(false);
    expect(polygon.crossesItself(BOW_TIE)).toBe(true);
    expect(polygon.crossesItself(SQUARE.slice(0, 3))).toBe(false);
  });

  it('has the same area in either direction', () => {
    expect(polygon.area(SQUARE)).toBeCloseTo(0.16);
    expect(polygon.area([...SQUARE].reverse())).toBeCloseTo(0.16);
  });

  it('is drawn as a rectangle from any corner to any other', () => {
    expect(polygon.rectangle([0.6, 0.6], [0.2, 0.2])).toEqual(SQUARE);
  });

  it('carries its name in its middle', () => {
    expect(polygon.centre(SQUARE)).toEqual([0.4, 0.4]);
  });
});

describe('written points', () => {
  it('in pixels become shares of the picture they were drawn on', () => {
    expect(polygon.toShares([[0, 0], [640, 360], [1280, 720]], { width: 1280, height: 720 })).toEqual([[0, 0], [0.5, 0.5], [1, 1]]);
  });

  it('that are shares stay', () => {
    expect(polygon.toShares([[0, 0], [0.5, 1], [1, 0]], { width: 1280, height: 720 })).toEqual([[0, 0], [0.5, 1], [1, 0]]);
  });

  it('are rounded below the size of a pixel', () => {
    expect(polygon.rounded([0.123456, 0.99999])).toEqual([0.1235, 1]);
  });
});

describe('a picture in a box', () => {
  it('keeps its shape and is centred', () => {
    expect(polygon.fit({ width: 200, height: 100 }, { width: 100, height: 100 })).toEqual({ x: 0, y: 25, width: 100, height: 50 });
    expect(polygon.fit({ width: 100, height: 200 }, { width: 100, height: 100 })).toEqual({ x: 25, y: 0, width: 50, height: 100 });
  });

  it('without a size fills the box', () => {
    expect(polygon.fit({ width: 0, height: 0 }, { width: 10, height: 20 })).toEqual({ x: 0, y: 0, width: 10, height: 20 });
  });
});

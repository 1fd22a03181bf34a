import { describe, expect, it } from 'vitest';
import { Fingers, wheelFactor } from './gestures';

describe('fingers', () => {
  it('are followed two at a time, in the order in which they came', () => {
    const fingers = new Fingers();
    fingers.press(7, { x: 0, y: 0 });
    fingers.press(9, { x: 10, y: 0 });
    fingers.press(11, { x: 50, y: 50 });
    expect(fingers.move(9, { x: 20, y: 0 })).toEqual({ before: [{ x: 0, y: 0 }, { x: 10, y: 0 }], after: [{ x: 0, y: 0 }, { x: 20, y: 0 }] });
  });

  it('that were lifted are forgotten', () => {
    const fingers = new Fingers();
    fingers.press(7, { x: 0, y: 0 });
    fingers.lift(7);
    expect([fingers.count, fingers.has(7)]).toEqual([0, false]);
  });
});

describe('a wheel', () => {
  it('zooms in and out by the same factor', () => {
    expect(wheelFactor(100, 0, false) * wheelFactor(-100, 0, false)).toBeCloseTo(1, 9);
    expect(wheelFactor(-100, 0, false)).toBeGreaterThan(1);
  });

  it('that counts lines is no faster than one that counts points', () => {
    expect(wheelFactor(3, 1, false)).toBeCloseTo(wheelFactor(99, 0, false), 9);
  });

  it('cannot throw the map away in one turn', () => {
    expect(wheelFactor(1e6, 0, true)).toBeGreaterThan(0.1);
  });
});

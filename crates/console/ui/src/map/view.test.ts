import { describe, expect, it } from 'vitest';
import { centred, fitted, fromScreen, panned, pinched, toScreen, zoomed } from './view';

const IMAGE = { width: 400, height: 200 };
const BOX = { width: 832, height: 632 };

describe('a view of the map', () => {
  const fit = fitted(IMAGE, BOX);

  it('shows all of it, in the middle', () => {
    expect(fit).toEqual({ scale: 2, x: 16, y: 116 });
  });

  it('keeps the point under the pointer while zooming', () => {
    const at = { x: 300, y: 250 };
    const before = fromScreen(fit, at);
    const after = fromScreen(zoomed(fit, 3, at, IMAGE, BOX), at);
    expect(after.x).toBeCloseTo(before.x, 9);
    expect(after.y).toBeCloseTo(before.y, 9);
  });

  it('grows and shrinks within bounds', () => {
    const at = { x: 416, y: 316 };
    expect(zoomed(fit, 1e6, at, IMAGE, BOX).scale).toBe(24);
    expect(zoomed(fit, 1e-6, at, IMAGE, BOX).scale).toBe(1);
  });

  it('never loses the map', () => {
    const far = panned(fit, { x: 1e6, y: -1e6 }, IMAGE, BOX);
    expect(far.x).toBeLessThan(BOX.width);
    expect(far.y + IMAGE.height * far.scale).toBeGreaterThan(0);
  });

  it('W-30 follows two fingers', () => {
    const before = [{ x: 300, y: 300 }, { x: 400, y: 300 }] as const;
    const after = [{ x: 250, y: 320 }, { x: 450, y: 320 }] as const;
    const view = pinched(fit, before, after, IMAGE, BOX);
    expect(view.scale).toBeCloseTo(4, 9);
    const [left, finger] = [fromScreen(fit, before[0]), fromScreen(view, after[0])];
    expect(finger.x).toBeCloseTo(left.x, 9);
    expect(finger.y).toBeCloseTo(left.y, 9);
  });

  it('brings a place to the middle', () => {
    const close = zoomed(fit, 5, { x: 0, y: 0 }, IMAGE, BOX);
    expect(toScreen(centred(close, { x: 200, y: 100 }, IMAGE, BOX), { x: 200, y: 100 })).toEqual({ x: 416, y: 316 });
  });
});

import { describe, expect, it } from 'vitest';
import { length, simplified, walked } from './path';

const at = (x: number, y: number): { x: number; y: number } => ({ x, y });

describe('a path', () => {
  it('loses only the points that change nothing', () => {
    const path = [at(0, 0), at(1, 0.01), at(2, -0.01), at(3, 0), at(3, 2)];
    expect(simplified(path, 0.05)).toEqual([at(0, 0), at(3, 0), at(3, 2)]);
  });

  it('keeps a detour that ends where it began', () => {
    const path = [at(0, 0), at(5, 0), at(0, 0)];
    expect(simplified(path, 0.05)).toEqual(path);
  });

  it('is never farther from the walked one than allowed', () => {
    const path = Array.from({ length: 2000 }, (_, i) => at(i / 100, Math.sin(i / 40)));
    const short = simplified(path, 0.05);
    expect(short.length).toBeLessThan(200);
    for (const point of path) expect(Math.min(...short.slice(1).map((end, i) => gap(point, short[i] ?? end, end)))).toBeLessThanOrEqual(0.0501);
  });

  it('does not grow while the robot stands', () => {
    const path = [at(0, 0)];
    expect(walked(path, at(0.01, 0), 0.05, 10)).toBe(path);
    expect(walked(path, at(0.1, 0), 0.05, 10)).toHaveLength(2);
  });

  it('stays small on a long straight way', () => {
    let path: readonly { x: number; y: number }[] = [];
    for (let i = 0; i < 500; i += 1) path = walked(path, at(i * 0.1, 0), 0.05, 50);
    expect(path.length).toBeLessThanOrEqual(50);
    expect(length(path)).toBeCloseTo(49.9, 6);
  });

  it('has no length without points', () => {
    expect(length([])).toBe(0);
    expect(length([at(0, 0), at(3, 4)])).toBe(5);
  });
});

function gap(p: { x: number; y: number }, a: { x: number; y: number }, b: { x: number; y: number }): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const share = Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(p.x - a.x - share * dx, p.y - a.y - share * dy);
}

import { describe, expect, it } from 'vitest';
import { bestGrid, pageOf, tileWidth } from './layout';

const DESKTOP = { width: 1600, height: 900 };
const PHONE = { width: 360, height: 640 };

describe('the wall', () => {
  it.each([
    [1, 1, 1],
    [2, 2, 1],
    [3, 2, 2],
    [4, 2, 2],
    [5, 3, 2],
    [9, 3, 3],
    [10, 4, 3],
    [16, 4, 4],
  ])('shows %i cameras on a wide screen as %i by %i', (count, columns, rows) => {
    expect(bestGrid(count, DESKTOP, 8)).toEqual({ columns, rows });
  });

  it('stacks cameras on a tall screen', () => {
    expect(bestGrid(3, PHONE, 8)).toEqual({ columns: 1, rows: 3 });
  });

  it('always shows the whole grid', () => {
    for (let count = 1; count <= 16; count += 1) {
      const grid = bestGrid(count, DESKTOP, 8);
      const width = tileWidth(DESKTOP, grid, 8);
      expect(grid.columns * grid.rows).toBeGreaterThanOrEqual(count);
      expect(width * grid.columns + 8 * (grid.columns - 1)).toBeLessThanOrEqual(DESKTOP.width + 0.001);
      expect((width * 9) / 16 * grid.rows + 8 * (grid.rows - 1)).toBeLessThanOrEqual(DESKTOP.height + 0.001);
    }
  });

  it('has no negative tiles in a box that is too small', () => {
    expect(tileWidth({ width: 10, height: 10 }, { columns: 4, rows: 4 }, 8)).toBe(0);
  });

  it('has pages when there are more cameras than places', () => {
    const cameras = Array.from({ length: 20 }, (_, i) => i);
    expect(pageOf(cameras, 0)).toHaveLength(16);
    expect(pageOf(cameras, 1)).toEqual([16, 17, 18, 19]);
    expect(pageOf(cameras, 9)).toEqual([16, 17, 18, 19]);
    expect(pageOf([], 3)).toEqual([]);
  });
});

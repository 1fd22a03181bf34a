import type { Size } from '../geometry/polygon';

export interface Grid {
  columns: number;
  rows: number;
}

/** The most cameras on one page of the wall. */
export const MOST_ON_WALL = 16;

/** Returns the grid in which `count` pictures of shape `aspect` (width by height) are largest. */
export function bestGrid(count: number, box: Size, gap: number, aspect = 16 / 9): Grid {
  let best: Grid = { columns: 1, rows: Math.max(1, count) };
  let bestWidth = 0;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const width = tileWidth(box, { columns, rows }, gap, aspect);
    if (width > bestWidth + 0.5) {
      best = { columns, rows };
      bestWidth = width;
    }
  }
  return best;
}

/** Returns how wide a tile is so that all of the grid is visible at once. */
export function tileWidth(box: Size, { columns, rows }: Grid, gap: number, aspect = 16 / 9): number {
  const byWidth = (box.width - gap * (columns - 1)) / columns;
  const byHeight = ((box.height - gap * (rows - 1)) / rows) * aspect;
  return Math.max(0, Math.min(byWidth, byHeight));
}

/** Returns the items of one page; a page beyond the end is the last one. */
export function pageOf<T>(items: readonly T[], page: number, size = MOST_ON_WALL): T[] {
  const last = Math.max(0, Math.ceil(items.length / size) - 1);
  const from = Math.min(Math.max(0, page), last) * size;
  return items.slice(from, from + size);
}

import { percent } from '../lib/format';
import type { Point } from '../geometry/polygon';

const STEP = 0.005;
const LONG_STEP = 0.05;

/** Returns how far an arrow key moves a point: half a per cent of the picture, with Shift ten times as far. */
export function keyStep(event: Pick<KeyboardEvent, 'key' | 'shiftKey'>): Point | null {
  const step = event.shiftKey ? LONG_STEP : STEP;
  switch (event.key) {
    case 'ArrowLeft':
      return [-step, 0];
    case 'ArrowRight':
      return [step, 0];
    case 'ArrowUp':
      return [0, -step];
    case 'ArrowDown':
      return [0, step];
    default:
      return null;
  }
}

/** Says where a corner is, for those who hear it. */
export function describe(corner: Point, at: number, all: number): string {
  return `Corner ${at + 1} of ${all}, ${percent(corner[0])} from the left, ${percent(corner[1])} from the top`;
}

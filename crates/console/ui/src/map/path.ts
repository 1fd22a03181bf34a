import type { Place } from './frame';

/** Returns the path without the points that lie within `tolerance` of the line that is left (Ramer, Douglas, Peucker). */
export function simplified<P extends Place>(path: readonly P[], tolerance: number): P[] {
  if (path.length <= 2) return [...path];
  const keep = new Set([0, path.length - 1]);
  // A stack instead of recursion: a path of a day has a hundred thousand points.
  const spans: [number, number][] = [[0, path.length - 1]];
  for (let span = spans.pop(); span !== undefined; span = spans.pop()) {
    const [first, last] = span;
    const at = farthest(path, first, last, tolerance);
    if (at === null) continue;
    keep.add(at);
    spans.push([first, at], [at, last]);
  }
  return path.filter((_, i) => keep.has(i));
}

/** Adds where the robot is now, unless it has hardly moved since. */
export function walked<P extends Place>(path: readonly P[], to: P, step: number, most: number): readonly P[] {
  const last = path.at(-1);
  if (last !== undefined && Math.hypot(to.x - last.x, to.y - last.y) < step) return path;
  const longer = [...path, to];
  return longer.length > most ? simplified(longer, step) : longer;
}

/** Returns how long a path is. */
export function length(path: readonly Place[]): number {
  let sum = 0;
  for (let i = 1; i < path.length; i += 1) {
    const [from, to] = [path[i - 1], path[i]];
    if (from !== undefined && to !== undefined) sum += Math.hypot(to.x - from.x, to.y - from.y);
  }
  return sum;
}

function farthest(path: readonly Place[], first: number, last: number, tolerance: number): number | null {
  const [a, b] = [path[first], path[last]];
  if (a === undefined || b === undefined) return null;
  let [most, at] = [tolerance, null as number | null];
  for (let i = first + 1; i < last; i += 1) {
    const point = path[i];
    const away = point === undefined ? 0 : fromSegment(point, a, b);
    if (away > most) [most, at] = [away, i];
  }
  return at;
}

function fromSegment(point: Place, a: Place, b: Place): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const square = dx * dx + dy * dy;
  const share = square === 0 ? 0 : Math.min(1, Math.max(0, ((point.x - a.x) * dx + (point.y - a.y) * dy) / square));
  return Math.hypot(point.x - a.x - share * dx, point.y - a.y - share * dy);
}

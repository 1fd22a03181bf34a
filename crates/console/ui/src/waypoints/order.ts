import { distance, type Place } from '../map/frame';

/** A way to put waypoints in order. */
export type Strategy = 'shortest' | 'up' | 'down' | 'left' | 'right';

/** Rounds longer than this are improved only so often: the page must not stand still. */
const MOST_PASSES = 60;

/** Returns the length of a round that begins and ends at `start`; without one at its own first place. */
export function roundLength(places: readonly Place[], start: Place | null): number {
  const all = start === null ? places : [start, ...places];
  return all.reduce((sum, place, i) => sum + distance(place, all[(i + 1) % all.length] ?? place), 0);
}

/**
 * Returns the places in an order in which the round from `start` and back is short: always to the nearest place first, then turned around
 * and moved about while that helps. It is never longer than the order given.
 */
export function shortestRound<P extends Place>(places: readonly P[], start: Place | null): P[] {
  const [first, ...rest] = places;
  if (first === undefined || rest.length < 2) return [...places];
  // Without a place to begin at the first one stays the first.
  const from: Place = start ?? first;
  const free = start === null ? rest : [first, ...rest];
  const found = [nearest(free, from), [...free]].map((order) => improved(order, from)).reduce((best, order) => (roundLength(order, from) < roundLength(best, from) - 1e-9 ? order : best));
  return start === null ? [first, ...found] : found;
}

/** Returns the places in the order in which they lie on the map. */
export function sorted<P extends Place>(places: readonly P[], strategy: Exclude<Strategy, 'shortest'>): P[] {
  const key = { up: (p: P) => p.y, down: (p: P) => -p.y, right: (p: P) => p.x, left: (p: P) => -p.x }[strategy];
  return [...places].sort((a, b) => key(a) - key(b));
}

/** Returns the items with one of them somewhere else. */
export function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const item = items[from];
  if (item === undefined || to < 0 || to >= items.length) return [...items];
  const rest = items.filter((_, i) => i !== from);
  return [...rest.slice(0, to), item, ...rest.slice(to)];
}

function nearest<P extends Place>(places: readonly P[], from: Place): P[] {
  const left = [...places];
  const order: P[] = [];
  let at = from;
  while (left.length > 0) {
    let best = 0;
    left.forEach((place, i) => {
      if (distance(at, place) < distance(at, left[best] ?? place)) best = i;
    });
    const [next] = left.splice(best, 1);
    if (next === undefined) break;
    order.push(next);
    at = next;
  }
  return order;
}

/** Turns stretches of the round around, and moves single places, for as long as it becomes shorter. */
function improved<P extends Place>(places: readonly P[], from: Place): P[] {
  let order = [...places];
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const better = turned(order, from) ?? carried(order, from);
    if (better === null) return order;
    order = better;
  }
  return order;
}

function turned<P extends Place>(order: readonly P[], from: Place): P[] | null {
  const at = (i: number): Place => order[i] ?? from;
  let next: P[] | null = null;
  let most = 1e-9;
  for (let i = 0; i < order.length - 1; i += 1) {
    for (let j = i + 1; j < order.length; j += 1) {
      const gain = distance(at(i - 1), at(i)) + distance(at(j), at(j + 1)) - distance(at(i - 1), at(j)) - distance(at(i), at(j + 1));
      if (gain <= most) continue;
      most = gain;
      next = [...order.slice(0, i), ...order.slice(i, j + 1).reverse(), ...order.slice(j + 1)];
    }
  }
  return next;
}

function carried<P extends Place>(order: readonly P[], from: Place): P[] | null {
  const before = roundLength(order, from);
  for (let i = 0; i < order.length; i += 1) {
    for (let j = 0; j < order.length; j += 1) {
      const next = moved(order, i, j);
      if (i !== j && roundLength(next, from) < before - 1e-9) return next;
    }
  }
  return null;
}

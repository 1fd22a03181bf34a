import { describe, expect, it } from 'vitest';
import { moved, roundLength, shortestRound, sorted } from './order';

const at = (x: number, y: number): { x: number; y: number } => ({ x, y });
const HOME = at(0, 0);

/** The same places every time, spread as if by chance. */
function scattered(count: number): { x: number; y: number }[] {
  let seed = 7;
  const next = (): number => {
    seed = (seed * 48271) % 2147483647;
    return (seed / 2147483647) * 20;
  };
  return Array.from({ length: count }, () => at(next(), next()));
}

describe('a round', () => {
  it('is as long as its legs and the way home', () => {
    expect(roundLength([at(3, 0), at(3, 4)], HOME)).toBe(12);
    expect(roundLength([at(0, 0), at(3, 0), at(3, 4)], null)).toBe(12);
    expect(roundLength([], HOME)).toBe(0);
  });

  it('is the shortest where the shortest is known', () => {
    const square = [at(0, 10), at(10, 10), at(10, 0), at(5, 0), at(0, 5), at(5, 10), at(10, 5)];
    expect(roundLength(shortestRound(square, HOME), HOME)).toBeCloseTo(40, 9);
  });

  it('is the best of all orders of seven places', () => {
    const places = scattered(7);
    const best = Math.min(...permutations(places).map((order) => roundLength(order, HOME)));
    expect(roundLength(shortestRound(places, HOME), HOME)).toBeLessThanOrEqual(best * 1.02);
  });

  it('never becomes longer, and keeps every place', () => {
    for (const count of [0, 1, 2, 3, 12, 60]) {
      const places = scattered(count);
      const order = shortestRound(places, HOME);
      expect(roundLength(order, HOME)).toBeLessThanOrEqual(roundLength(places, HOME) + 1e-9);
      expect(new Set(order)).toEqual(new Set(places));
    }
  });

  it('keeps its first place first when it is not known where the robot begins', () => {
    const places = scattered(9);
    expect(shortestRound(places, null)[0]).toBe(places[0]);
  });
});

it('sorts by where places lie on the map, those at the same height in their order', () => {
  const [a, b, c] = [at(2, 1), at(1, 1), at(3, 0)];
  expect(sorted([a, b, c], 'up')).toEqual([c, a, b]);
  expect(sorted([a, b, c], 'down')).toEqual([a, b, c]);
  expect(sorted([a, b, c], 'right')).toEqual([b, a, c]);
  expect(sorted([a, b, c], 'left')).toEqual([c, a, b]);
});

it('moves one item and leaves the others in their order', () => {
  expect(moved([1, 2, 3, 4], 0, 2)).toEqual([2, 3, 1, 4]);
  expect(moved([1, 2, 3, 4], 3, 0)).toEqual([4, 1, 2, 3]);
  expect(moved([1, 2], 0, 2)).toEqual([1, 2]);
});

function permutations<T>(items: T[]): T[][] {
  if (items.length < 2) return [items];
  return items.flatMap((item, i) => permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]));
}

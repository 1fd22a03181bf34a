import { describe, expect, it } from 'vitest';
import { everyDay, scale, short } from './chart';

const DAY = { date: '2026-11-18', input: 10, output: 2, total: 12, cost: 0.01, unpriced: 0 };

it('shows the days on which nothing was used', () => {
  const days = everyDay([DAY], '2026-11-17', '2026-11-19');
  expect(days.map((day) => [day.date, day.total])).toEqual([
    ['2026-11-17', 0],
    ['2026-11-18', 12],
    ['2026-11-19', 0],
  ]);
});

describe('a scale', () => {
  it.each([
    [4, [0, 1, 2, 3, 4]],
    [0.0317, [0, 0.01, 0.02, 0.03, 0.04]],
    [970, [0, 250, 500, 750, 1000]],
    [0, [0, 1]],
  ])('for at most %d has round lines', (most, lines) => {
    scale(most).forEach((line, i) => expect(line).toBeCloseTo(lines[i] ?? -1, 9));
    expect(scale(most)).toHaveLength(lines.length);
  });

  it('always reaches the largest value', () => {
    for (const most of [1e-6, 0.3, 7, 99.99, 123456, 8.8e9]) expect(scale(most).at(-1)).toBeGreaterThanOrEqual(most);
  });
});

it.each([
  [950, '950'],
  [1200, '1.2 k'],
  [340_000, '340 k'],
  [1_250_000, '1.3 M'],
])('%i tokens are shortly %s', (value, text) => {
  expect(short(value)).toBe(text);
});

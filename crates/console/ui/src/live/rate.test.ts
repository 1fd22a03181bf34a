import { describe, expect, it } from 'vitest';
import { backoff } from '../lib/backoff';
import { Rate } from './rate';

describe('the rate of pictures', () => {
  it('is that of the last three seconds', () => {
    const rate = new Rate();
    for (let at = 0; at <= 10_000; at += 200) rate.mark(at);
    expect(rate.perSecond(10_000)).toBeCloseTo(5);
  });

  it('falls to nothing when no picture comes', () => {
    const rate = new Rate();
    rate.mark(0);
    rate.mark(100);
    expect(rate.perSecond(3_000)).toBeCloseTo(10);
    expect(rate.perSecond(4_000)).toBe(0);
  });
});

describe('the pause before a new attempt', () => {
  it('doubles, is bounded and never zero', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 100].map((attempt) => backoff(attempt, 1))).toEqual([
      500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000,
    ]);
    expect(backoff(0, 0)).toBe(250);
  });
});

import { describe, expect, it } from 'vitest';
import { dayBefore, daysIn, period } from './period';

it.each([
  ['2026-11-13', '2026-11-20', '13 to 20 November 2026'],
  ['2026-10-30', '2026-11-02', '30 October to 2 November 2026'],
  ['2025-12-30', '2026-01-02', '30 December 2025 to 2 January 2026'],
  ['2026-11-20', '2026-11-20', '20 November 2026'],
  ['soon', 'later', 'soon to later'],
])('from %s to %s reads “%s”', (from, to, text) => {
  expect(period(from, to)).toBe(text);
});

describe('a day', () => {
  it('is the operator’s own, also shortly before midnight', () => {
    const late = new Date(2026, 10, 20, 23, 59).getTime();
    expect(dayBefore(late, 0)).toBe('2026-11-20');
    expect(dayBefore(late, 20)).toBe('2026-10-31');
  });

  it('is counted with the first and the last', () => {
    expect(daysIn('2026-11-20', '2026-11-20')).toBe(1);
    expect(daysIn('2026-10-30', '2026-11-02')).toBe(4);
  });
});

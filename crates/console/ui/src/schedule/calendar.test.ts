import { describe, expect, it } from 'vitest';
import { knownZone, local, mondayOf, week } from './calendar';

const MADRID = 'Europe/Madrid';

describe('a moment', () => {
  it('is on the day that the clocks of the site show', () => {
    expect(local('2026-11-20T23:30:00Z', MADRID)).toEqual({ day: '2026-11-21', minutes: 30 });
    expect(local('2026-11-20T23:30:00Z', 'America/Lima')).toEqual({ day: '2026-11-20', minutes: 18 * 60 + 30 });
  });

  it('is in the week of its Monday, on a Sunday too', () => {
    expect(mondayOf('2026-11-22T12:00:00Z', MADRID)).toBe('2026-11-16');
    expect(mondayOf('2026-11-22T23:30:00Z', MADRID)).toBe('2026-11-23');
    expect(mondayOf('2026-11-16T00:00:00Z', MADRID)).toBe('2026-11-16');
  });
});

describe('a week', () => {
  it('has seven days, also when the clocks are changed', () => {
    const days = week([{ at: '2026-10-25T00:30:00Z' }, { at: '2026-10-25T01:30:00Z' }], '2026-10-19', MADRID);
    expect(days.map((day) => day.day)).toEqual(['2026-10-19', '2026-10-20', '2026-10-21', '2026-10-22', '2026-10-23', '2026-10-24', '2026-10-25']);
    expect(days[6]?.placed.map((one) => one.minutes)).toEqual([150, 150]);
  });

  it('puts what happens at the same time side by side', () => {
    const placed = week([{ at: '2026-11-20T07:00:00Z' }, { at: '2026-11-20T07:20:00Z' }, { at: '2026-11-20T12:00:00Z' }], '2026-11-16', MADRID)[4]?.placed ?? [];
    expect(placed.map(({ minutes, lane, lanes }) => [minutes, lane, lanes])).toEqual([
      [480, 0, 2],
      [500, 1, 2],
      [780, 0, 1],
    ]);
  });

  it('uses a lane again as soon as it is free', () => {
    const at = (minutes: number) => ({ at: new Date(Date.UTC(2026, 10, 20, 0, minutes)).toISOString() });
    const placed = week([at(60), at(90), at(110)], '2026-11-16', 'UTC')[4]?.placed ?? [];
    expect(placed.map(({ lane, lanes }) => [lane, lanes])).toEqual([
      [0, 2],
      [1, 2],
      [0, 2],
    ]);
  });

  it('leaves out what happens in another one', () => {
    expect(week([{ at: '2026-11-23T12:00:00Z' }], '2026-11-16', MADRID).every((day) => day.placed.length === 0)).toBe(true);
  });
});

it('goes by the browser’s own zone where the site’s is unknown', () => {
  expect(knownZone(MADRID)).toBe(MADRID);
  expect(knownZone('Mars/Olympus')).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
  expect(knownZone(null)).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
});

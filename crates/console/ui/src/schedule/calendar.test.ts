import { describe, expect, it } from 'vitest';
import { type Happening, knownZone, local, mondayOf, week } from './calendar';

const MADRID = 'Europe/Madrid';

/** Something that happens once, by itself. */
function once(at: string): Happening {
  return { at, series: at };
}

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
    const days = week([once('2026-10-25T00:30:00Z'), once('2026-10-25T01:30:00Z')], '2026-10-19', MADRID);
    expect(days.map((day) => day.day)).toEqual(['2026-10-19', '2026-10-20', '2026-10-21', '2026-10-22', '2026-10-23', '2026-10-24', '2026-10-25']);
    expect(days[6]?.placed.map((one) => one.minutes)).toEqual([150, 150]);
  });

  it('puts what happens at the same time side by side', () => {
    const placed = week([once('2026-11-20T07:00:00Z'), once('2026-11-20T07:20:00Z'), once('2026-11-20T12:00:00Z')], '2026-11-16', MADRID)[4]?.placed ?? [];
    expect(placed.map(({ minutes, lane, lanes }) => [minutes, lane, lanes])).toEqual([
      [480, 0, 2],
      [500, 1, 2],
      [780, 0, 1],
    ]);
  });

  it('uses a lane again as soon as it is free', () => {
    const at = (minutes: number): Happening => once(new Date(Date.UTC(2026, 10, 20, 0, minutes)).toISOString());
    const placed = week([at(60), at(90), at(110)], '2026-11-16', 'UTC')[4]?.placed ?? [];
    expect(placed.map(({ lane, lanes }) => [lane, lanes])).toEqual([
      [0, 2],
      [1, 2],
      [0, 2],
    ]);
  });

  it('shows a series of short intervals as one, beside what else happens then', () => {
    const every = (minutes: number): Happening => ({ at: new Date(Date.UTC(2026, 10, 20, 8, minutes)).toISOString(), series: 'a' });
    const placed = week([...[0, 10, 20, 30, 200].map(every), once('2026-11-20T08:15:00Z')], '2026-11-16', 'UTC')[4]?.placed ?? [];
    expect(placed.map(({ minutes, until, count, lane, lanes }) => [minutes, until, count, lane, lanes])).toEqual([
      [480, 510, 4, 0, 2],
      [495, 495, 1, 1, 2],
      [680, 680, 1, 0, 1],
    ]);
  });

  it('shows two of a series as two', () => {
    const every = (minutes: number): Happening => ({ at: new Date(Date.UTC(2026, 10, 20, 8, minutes)).toISOString(), series: 'a' });
    expect(week([0, 30].map(every), '2026-11-16', 'UTC')[4]?.placed.map((one) => one.count)).toEqual([1, 1]);
  });

  it('leaves out what happens in another one', () => {
    expect(week([once('2026-11-23T12:00:00Z')], '2026-11-16', MADRID).every((day) => day.placed.length === 0)).toBe(true);
  });
});

it('goes by the browser’s own zone where the site’s is unknown', () => {
  expect(knownZone(MADRID)).toBe(MADRID);
  expect(knownZone('Mars/Olympus')).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
  expect(knownZone(null)).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
});

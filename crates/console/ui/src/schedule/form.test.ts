import { describe, expect, it } from 'vitest';
import type { Schedule } from '../api/patrol';
import { dayWords, described, fault, toBody, toDraft } from './form';

const WEEK = [0, 1, 2, 3, 4, 5, 6];

describe('a schedule', () => {
  it.each<[Schedule, string]>([
    [{ id: 'a', time: '08:00', days: [0, 1, 2, 3, 4] }, 'Mon to Fri at 08:00'],
    [{ id: 'a', times: ['22:30', '20:00'] }, 'Every day at 20:00, 22:30'],
    [{ id: 'a', every: { minutes: 90, from: '09:00', to: '17:00' }, days: [5, 6] }, 'Sat, Sun every 1 h 30 min from 09:00 to 17:00'],
    [{ id: 'a', every: { minutes: 120 } }, 'Every day every 2 h'],
    [{ id: 'a', sun: { event: 'sunset', offset_minutes: -20 }, days: [0, 2] }, 'Mon, Wed 20 min before sunset'],
    [{ id: 'a', sun: { event: 'dawn' } }, 'Every day at dawn'],
  ])('says when it is: %j', (schedule, text) => {
    expect(described(schedule)).toBe(text);
  });

  it.each<Omit<Schedule, 'id'>>([
    { time: '08:00', days: [0, 4], enabled: false, run_late_minutes: 0, route: 'night' },
    { times: ['08:00', '20:00'], days: WEEK, enabled: true, run_late_minutes: 30, route: '' },
    { every: { minutes: 45, from: '22:00', to: '05:00' }, days: WEEK, enabled: true, run_late_minutes: 0, route: '' },
    { sun: { event: 'dusk', offset_minutes: -15 }, days: [6], enabled: true, run_late_minutes: 10, route: '' },
  ])('is stored as it was: %j', (schedule) => {
    expect(toBody(toDraft({ ...schedule, id: 'a' }))).toEqual(schedule);
  });
});

describe('a draft', () => {
  it('that is usual can be saved', () => {
    expect(fault(toDraft(null))).toBeNull();
  });

  it.each([
    [{ days: [] }, /day/],
    [{ times: ['8:05'] }, /08:05/],
    [{ times: [] }, /time/],
    [{ kind: 'every' as const, minutes: 0 }, /interval/],
    [{ kind: 'every' as const, to: 'late' }, /last time/],
    [{ kind: 'sun' as const, offset: 721 }, /12 hours/],
    [{ late: Number.NaN }, /late/],
  ])('cannot be saved with %j', (change, sentence) => {
    expect(fault({ ...toDraft(null), ...change })).toMatch(sentence);
  });
});

it.each([
  [[0, 1, 2, 3, 4, 5, 6], 'Every day'],
  [[4, 3, 2], 'Wed to Fri'],
  [[0, 1], 'Mon, Tue'],
  [[0, 2, 4], 'Mon, Wed, Fri'],
])('%j reads “%s”', (days, text) => {
  expect(dayWords(days)).toBe(text);
});

import type { Schedule, SunEvent } from '../api/patrol';

/** A schedule while it is edited. */
export interface Draft {
  kind: 'times' | 'every' | 'sun';
  times: string[];
  minutes: number;
  from: string;
  to: string;
  event: SunEvent;
  offset: number;
  before: boolean;
  days: number[];
  route: string;
  /** For how many minutes a missed patrol may still begin. */
  late: number;
  enabled: boolean;
}

export const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
export const ALL_DAYS = [0, 1, 2, 3, 4, 5, 6];
export const SUN: Record<SunEvent, string> = { dawn: 'dawn', sunrise: 'sunrise', sunset: 'sunset', dusk: 'dusk' };

const USUAL: Draft = { kind: 'times', times: ['08:00'], minutes: 120, from: '08:00', to: '18:00', event: 'sunset', offset: 0, before: false, days: ALL_DAYS, route: '', late: 30, enabled: true };

/** Returns what can be edited of a schedule; of none, a usual new one. */
export function toDraft(schedule: Schedule | null): Draft {
  if (schedule === null) return { ...USUAL };
  const offset = schedule.sun?.offset_minutes ?? 0;
  return {
    ...USUAL,
    kind: schedule.every !== undefined ? 'every' : schedule.sun !== undefined ? 'sun' : 'times',
    times: schedule.times ?? (schedule.time === undefined ? USUAL.times : [schedule.time]),
    ...(schedule.every === undefined ? {} : { minutes: schedule.every.minutes, from: schedule.every.from ?? '00:00', to: schedule.every.to ?? '' }),
    ...(schedule.sun === undefined ? {} : { event: schedule.sun.event, offset: Math.abs(offset), before: offset < 0 }),
    days: schedule.days ?? ALL_DAYS,
    route: schedule.route ?? '',
    late: schedule.run_late_minutes ?? 0,
    enabled: schedule.enabled !== false,
  };
}

/** Returns the schedule to store. */
export function toBody(draft: Draft): Omit<Schedule, 'id'> {
  return { ...rule(draft), days: [...draft.days].sort(), enabled: draft.enabled, run_late_minutes: draft.late, route: draft.route };
}

/** Returns what is wrong with a draft in one sentence, or nothing. */
export function fault(draft: Draft): string | null {
  if (draft.days.length === 0) return 'Choose at least one day.';
  if (draft.kind === 'times' && (draft.times.length === 0 || draft.times.some((time) => !isTime(time)))) return 'Give every time, like 08:05.';
  if (draft.kind === 'every' && !(draft.minutes >= 1 && draft.minutes <= 1440)) return 'An interval has between 1 minute and 24 hours.';
  if (draft.kind === 'every' && (!isTime(draft.from) || (draft.to !== '' && !isTime(draft.to)))) return 'Give the first and the last time, like 08:05.';
  if (draft.kind === 'sun' && !(draft.offset >= 0 && draft.offset <= 720)) return 'At most 12 hours before or after the sun.';
  return draft.late >= 0 && draft.late <= 1440 ? null : 'A patrol may begin at most 24 hours late.';
}

/** Says when a schedule starts patrols. */
export function described(schedule: Schedule): string {
  const draft = toDraft(schedule);
  const days = dayWords(draft.days);
  switch (draft.kind) {
    case 'times':
      return `${days} at ${[...draft.times].sort().join(', ')}`;
    case 'every':
      return `${days} every ${span(draft.minutes)}${draft.to === '' && draft.from === '00:00' ? '' : ` from ${draft.from} to ${draft.to === '' ? '24:00' : draft.to}`}`;
    case 'sun':
      return `${days} ${draft.offset === 0 ? 'at' : `${span(draft.offset)} ${draft.before ? 'before' : 'after'}`} ${SUN[draft.event]}`;
  }
}

/** Says which days are meant: `Every day`, `Mon to Fri`, `Sat, Sun`. */
export function dayWords(days: readonly number[]): string {
  const sorted = [...new Set(days)].sort((a, b) => a - b);
  if (sorted.length === 7) return 'Every day';
  const [first = 0, last = 0] = [sorted[0], sorted.at(-1)];
  if (sorted.length > 2 && last - first === sorted.length - 1) return `${DAYS[first]} to ${DAYS[last]}`;
  return sorted.map((day) => DAYS[day]).join(', ');
}

function rule(draft: Draft): Partial<Schedule> {
  switch (draft.kind) {
    case 'times':
      return draft.times.length === 1 ? { time: draft.times[0] ?? '' } : { times: [...draft.times].sort() };
    case 'every':
      return { every: { minutes: draft.minutes, from: draft.from, ...(draft.to === '' ? {} : { to: draft.to }) } };
    case 'sun':
      return { sun: { event: draft.event, offset_minutes: (draft.before ? -1 : 1) * draft.offset + 0 } };
  }
}

function isTime(text: string): boolean {
  return /^([01]\d|2[0-3]):[0-5]\d$/.test(text);
}

function span(minutes: number): string {
  if (minutes % 60 !== 0) return minutes > 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes} min`;
  return `${minutes / 60} h`;
}

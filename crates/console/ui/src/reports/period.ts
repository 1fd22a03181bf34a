const DAY_MS = 86_400_000;

/** Says which days a report is about: `13 to 20 November 2026`. */
export function period(from: string, to: string): string {
  const [first, last] = [date(from), date(to)];
  if (first === null || last === null) return `${from} to ${to}`;
  if (from === to) return long(last);
  const sameYear = first.getUTCFullYear() === last.getUTCFullYear();
  const sameMonth = sameYear && first.getUTCMonth() === last.getUTCMonth();
  const start = first.toLocaleDateString('en-GB', { timeZone: 'UTC', day: 'numeric', ...(sameMonth ? {} : { month: 'long' }), ...(sameYear ? {} : { year: 'numeric' }) });
  return `${start} to ${long(last)}`;
}

/** Returns a day as it is sent, `2026-11-20`: the operator's own day, so many days before now. */
export function dayBefore(now: number, days: number): string {
  const at = new Date(now);
  const day = new Date(Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) - days * DAY_MS);
  return day.toISOString().slice(0, 10);
}

/** Returns how many days a period has, its first and last included. */
export function daysIn(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;
}

function date(day: string): Date | null {
  const at = new Date(`${day.slice(0, 10)}T00:00:00Z`);
  return Number.isNaN(at.getTime()) ? null : at;
}

function long(day: Date): string {
  return day.toLocaleDateString('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'long', year: 'numeric' });
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Says how long ago `at` was, in the shortest words that are still exact enough to act on. */
export function ago(at: string | number | null, now: number): string {
  const then = typeof at === 'number' ? at : Date.parse(at ?? '');
  if (Number.isNaN(then)) return 'unknown';
  const passed = now - then;
  if (passed < 5 * SECOND) return 'now';
  return `${span(passed)} ago`;
}

/** Says how long a time span is: `42 s`, `7 min`, `3 h`, `2 d`. */
export function span(ms: number): string {
  const passed = Math.max(0, ms);
  if (passed < MINUTE) return `${Math.floor(passed / SECOND)} s`;
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h`;
  return `${Math.floor(passed / DAY)} d`;
}

/** Returns the time of day with seconds, in the operator's own time zone. */
export function timeOfDay(at: string | number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '';
  return date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** Returns the day as a heading: `Today`, `Yesterday`, `Tuesday 17 November`. */
export function dayName(at: string | number, now: number): string {
  const day = startOfDay(new Date(at));
  const distance = Math.round((startOfDay(new Date(now)) - day) / DAY);
  if (distance === 0) return 'Today';
  if (distance === 1) return 'Yesterday';
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Date(at)
    .toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' }) })
    .replace(',', '');
}

/** Returns day and time in full, for the facts of an alert. */
export function dayAndTime(at: string | number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return 'unknown';
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
  return `${day}, ${timeOfDay(at)}`;
}

/** Returns a share of 1 as a whole per cent. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Returns a count in groups of three: `12 480`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-GB').replaceAll(',', '\u00a0');
}

/** Returns a number of bytes in the unit a person would choose. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let left = value;
  let unit = 0;
  while (left >= 1000 && unit < units.length - 1) {
    left /= 1000;
    unit += 1;
  }
  return `${left >= 100 || unit === 0 ? Math.round(left) : left.toFixed(1)} ${units[unit]}`;
}

/** Returns frames per second with one decimal below ten. */
export function rate(fps: number): string {
  return fps >= 9.95 ? String(Math.round(fps)) : fps.toFixed(1);
}

/** Begins a text with a capital letter and turns underscores into spaces: `unknown_person` becomes `Unknown person`. */
export function sentence(text: string): string {
  const words = text.replaceAll('_', ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Returns `1 camera`, `2 cameras`. */
export function plural(amount: number, one: string, many = `${one}s`): string {
  return `${count(amount)} ${amount === 1 ? one : many}`;
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

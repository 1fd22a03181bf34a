/** What happens at a moment, as it is placed in a week. */
export interface Happening {
  at: string;
  /** What belongs together: the same thing again and again in short intervals is shown as one. */
  series: string;
}

/** A happening in a column of the calendar: how far down it stands, and beside how many others. */
export interface Placed<H extends Happening> {
  /** The first, if it stands for several. */
  what: H;
  minutes: number;
  /** The minute of the last one. */
  until: number;
  /** For how many it stands. */
  count: number;
  lane: number;
  lanes: number;
}

/** A day of the calendar, `2026-11-20`, with what happens on it. */
export interface Day<H extends Happening> {
  day: string;
  placed: Placed<H>[];
}

const DAY_MS = 86_400_000;
/** An entry is as tall as so many minutes: those that are closer stand side by side. */
const TALL_MINUTES = 44;
/** As many of a series as this, each closer to the next than it is tall, are shown as one. */
const MANY = 3;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Returns the day and the minute of the day that a clock of this zone shows at a moment. */
export function local(at: string | number, zone: string): { day: string; minutes: number } {
  const parts = Object.fromEntries(format(zone).formatToParts(new Date(at)).map(({ type, value }) => [type, value]));
  return { day: `${parts['year']}-${parts['month']}-${parts['day']}`, minutes: Number(parts['hour']) * 60 + Number(parts['minute']) };
}

/** Returns the Monday of the week in which a moment lies. */
export function mondayOf(at: string | number, zone: string): string {
  const { day } = local(at, zone);
  return plusDays(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7));
}

export function plusDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Returns the seven days of a week with everything in its place. */
export function week<H extends Happening>(happenings: readonly H[], monday: string, zone: string): Day<H>[] {
  const days = new Map<string, { what: H; minutes: number }[]>(Array.from({ length: 7 }, (_, i) => [plusDays(monday, i), []]));
  for (const what of happenings) {
    const { day, minutes } = local(what.at, zone);
    days.get(day)?.push({ what, minutes });
  }
  return [...days].map(([day, all]) => ({ day, placed: sideBySide(gathered(all)) }));
}

/** Puts the members of a series that follow each other closely together. */
function gathered<H extends Happening>(all: readonly { what: H; minutes: number }[]): Placed<H>[] {
  const open = new Map<string, { what: H; minutes: number }[]>();
  const placed: Placed<H>[] = [];
  const close = (members: readonly { what: H; minutes: number }[]): void => {
    const [first, last] = [members[0], members.at(-1)];
    if (first === undefined || last === undefined) return;
    if (members.length >= MANY) placed.push({ ...first, until: last.minutes, count: members.length, lane: 0, lanes: 1 });
    else placed.push(...members.map((one) => ({ ...one, until: one.minutes, count: 1, lane: 0, lanes: 1 })));
  };
  for (const one of [...all].sort((a, b) => a.minutes - b.minutes)) {
    const members = open.get(one.what.series);
    if (members !== undefined && one.minutes - (members.at(-1)?.minutes ?? 0) < TALL_MINUTES) {
      members.push(one);
      continue;
    }
    close(members ?? []);
    open.set(one.what.series, [one]);
  }
  for (const members of open.values()) close(members);
  return placed;
}

/** Gives entries that would cover each other lanes of their own. */
function sideBySide<H extends Happening>(placed: readonly Placed<H>[]): Placed<H>[] {
  const sorted = [...placed].sort((a, b) => a.minutes - b.minutes);
  const done: Placed<H>[] = [];
  let bunch: Placed<H>[] = [];
  let ends: number[] = [];
  const close = (): void => {
    done.push(...bunch.map((one) => ({ ...one, lanes: ends.length })));
    [bunch, ends] = [[], []];
  };
  for (const one of sorted) {
    if (ends.length > 0 && one.minutes >= Math.max(...ends)) close();
    const free = ends.findIndex((end) => one.minutes >= end);
    const lane = free === -1 ? ends.length : free;
    ends[lane] = one.until + TALL_MINUTES;
    bunch.push({ ...one, lane });
  }
  close();
  return done;
}

function format(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-GB', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  formats.set(zone, made);
  return made;
}

/** Returns the zone if the browser knows it, else the browser's own. */
export function knownZone(zone: unknown): string {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (typeof zone !== 'string' || zone === '') return own;
  try {
    format(zone);
    return zone;
  } catch {
    return own;
  }
}

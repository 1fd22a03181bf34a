import type { UsageDay } from '../api/patrol';

const DAY_MS = 86_400_000;

/** Returns one entry for every day of a period; days on which nothing was used have nothing. */
export function everyDay(days: readonly UsageDay[], from: string, to: string): UsageDay[] {
  const known = new Map(days.map((day) => [day.date.slice(0, 10), day]));
  const all: UsageDay[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) {
    const date = new Date(at).toISOString().slice(0, 10);
    all.push(known.get(date) ?? { date, input: 0, output: 0, total: 0, cost: 0, unpriced: 0 });
  }
  return all;
}

/** Returns the heights of the lines of a scale: round numbers, the last one not below `most`. */
export function scale(most: number, lines = 4): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / lines;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough * (1 - 1e-9)) ?? 10 * power;
  const ticks = [0];
  for (let i = 1; (ticks.at(-1) ?? 0) < most * (1 - 1e-9); i += 1) ticks.push(step * i);
  return ticks;
}

/** Returns a number of tokens in the shortest form: `1.2 M`, `340 k`. */
export function short(value: number): string {
  if (value >= 1e6) return `${trimmed(value / 1e6)} M`;
  if (value >= 1e3) return `${trimmed(value / 1e3)} k`;
  return String(Math.round(value));
}

function trimmed(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
}

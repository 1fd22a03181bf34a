import type { Inspection, Verdict } from '../api/patrol';
import { plural } from '../lib/format';

/** How a verdict is shown: words for people, and how much it asks of them. */
export interface Shown {
  name: string;
  tone: 'ok' | 'warn' | 'alarm' | 'off';
  meaning: string;
}

export const VERDICTS: Record<Verdict, Shown> = {
  OK: { name: 'OK', tone: 'ok', meaning: 'Everything was as it should be.' },
  NG: { name: 'Attention', tone: 'alarm', meaning: 'Something was not as it should be.' },
  ERROR: { name: 'Not judged', tone: 'warn', meaning: 'The picture could not be judged.' },
  UNREACHABLE: { name: 'Not reached', tone: 'warn', meaning: 'The robot could not get there.' },
  CANCELLED: { name: 'Cancelled', tone: 'off', meaning: 'The patrol was stopped before.' },
  STALE: { name: 'Old picture', tone: 'warn', meaning: 'The camera had no picture that was new enough to judge.' },
};

const WAITING: Shown = { name: 'Being judged', tone: 'off', meaning: 'The verdict is not there yet.' };

/** Returns how a verdict is shown; one that is not there yet, too. */
export function shown(verdict: Verdict | null | undefined): Shown {
  if (verdict === null || verdict === undefined) return WAITING;
  return VERDICTS[verdict] ?? { ...WAITING, name: verdict };
}

/** Returns the verdicts that occurred, the worst first, with how often they did. */
export function counted(counts: Partial<Record<Verdict, number>>): { verdict: Verdict; count: number }[] {
  const order: Verdict[] = ['NG', 'UNREACHABLE', 'ERROR', 'STALE', 'CANCELLED', 'OK'];
  return order.map((verdict) => ({ verdict, count: counts[verdict] ?? 0 })).filter(({ count }) => count > 0);
}

const STATUS: Record<string, { name: string; tone: Shown['tone'] }> = {
  running: { name: 'Under way', tone: 'off' },
  completed: { name: 'Completed', tone: 'ok' },
  stopped: { name: 'Stopped', tone: 'off' },
  failed: { name: 'Failed', tone: 'alarm' },
  interrupted: { name: 'Interrupted', tone: 'warn' },
};

/** Returns how the end of a patrol is shown, in the words of either generation of records. */
export function status(text: string): { name: string; tone: Shown['tone'] } {
  const word = text.toLowerCase().replace(/^patrol /, '');
  return STATUS[word] ?? { name: text, tone: 'off' };
}

/** Says what the local detector recognised; nothing if that was nothing. */
export function recognised(seen: Inspection['precheck']): string {
  const people = seen?.people ?? 0;
  const things = Object.entries(seen?.obstacles ?? {}).filter(([, count]) => count > 0);
  return [...(people > 0 ? [plural(people, 'person', 'people')] : []), ...things.map(([name, count]) => `${count} × ${name}`)].join(', ');
}

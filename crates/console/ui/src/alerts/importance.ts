import type { Severity } from '../api/types';
import { sentence } from '../lib/format';

/** What each severity asks of the one who reads it, the mildest first. */
export const IMPORTANCE: { severity: Severity; name: string }[] = [
  { severity: 'info', name: 'Worth knowing' },
  { severity: 'warning', name: 'Take a look' },
  { severity: 'critical', name: 'Act now' },
];

/** Says how important an alert is. */
export function importanceWords(severity: string | null): string {
  return IMPORTANCE.find((one) => one.severity === severity)?.name ?? (severity === null ? 'Not set' : sentence(severity));
}

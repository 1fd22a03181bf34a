import type { SettingField, Settings, SettingValue } from '../api/patrol';
import { sentence } from '../lib/format';

/** Returns what differs from what is stored, and only that. */
export function changes(stored: Settings, draft: Settings): Settings {
  const changed: Settings = {};
  for (const [key, value] of Object.entries(draft)) {
    if (!same(value, stored[key] ?? null)) changed[key] = value;
  }
  return changed;
}

/** Returns what a robot has of its own, with null for what it gives up. */
export function overrides(stored: Settings, draft: Settings): Settings {
  const given = changes(stored, draft);
  for (const key of Object.keys(stored)) {
    if (!(key in draft)) given[key] = null;
  }
  return given;
}

/** Returns what is wrong with a value in one sentence, or nothing. The service has the last word. */
export function fault(field: SettingField, value: SettingValue): string | null {
  if (field.type !== 'integer' && field.type !== 'number') return field.type === 'object' && typeof value === 'string' ? 'This is not written in JSON.' : null;
  if (typeof value !== 'number' || Number.isNaN(value)) return 'Give a number.';
  if (field.type === 'integer' && !Number.isInteger(value)) return 'Give a whole number.';
  const [least, most] = [field.min ?? null, field.max ?? null];
  if (least !== null && value < least) return most === null ? `At least ${least}.` : `Between ${least} and ${most}.`;
  if (most !== null && value > most) return least === null ? `At most ${most}.` : `Between ${least} and ${most}.`;
  return null;
}

/** Returns the fields under the headings that they belong to, in the order in which the service names them. */
export function groups(fields: readonly SettingField[]): { name: string; fields: SettingField[] }[] {
  const all = new Map<string, SettingField[]>();
  for (const field of fields) all.set(field.group ?? '', [...(all.get(field.group ?? '') ?? []), field]);
  return [...all].map(([name, fields]) => ({ name: name === '' ? 'Other' : sentence(name), fields }));
}

/** Returns what a field is called for people. */
export function title(field: SettingField): string {
  return field.title ?? sentence(field.key);
}

/** Reads a list, one entry per line. */
export function lines(text: string): string[] {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
}

/** Tells whether a secret is stored; its value is never shown. */
export function isMasked(value: SettingValue): boolean {
  return typeof value === 'string' && value.startsWith('****');
}

function same(a: SettingValue, b: SettingValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

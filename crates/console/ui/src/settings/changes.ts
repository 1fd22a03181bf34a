import type { Corner, Price, SettingField, Settings, SettingValue } from '../api/patrol';
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
  switch (field.type) {
    case 'integer':
    case 'number':
      return numberFault(field, value);
    case 'list':
      return listFault(field, Array.isArray(value) ? value.map(String) : []);
    case 'area':
      return areaFault(Array.isArray(value) ? (value as readonly unknown[]) : []);
    case 'prices':
      return Object.entries(prices(value)).some(([model, { input, output }]) => model.trim() === '' || !(input >= 0) || !(output >= 0)) ? 'Give each model a name and two prices.' : null;
    default:
      return field.max_length != null && String(value ?? '').length > field.max_length ? `At most ${field.max_length} characters.` : null;
  }
}

/** Reads what models cost. */
export function prices(value: SettingValue): Record<string, Price> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, Price>) : {};
}

function numberFault(field: SettingField, value: SettingValue): string | null {
  if (value === null && field.optional === true) return null;
  if (typeof value !== 'number' || Number.isNaN(value)) return 'Give a number.';
  if (field.type === 'integer' && !Number.isInteger(value)) return 'Give a whole number.';
  const [least, most] = [field.min ?? null, field.max ?? null];
  if (least !== null && value < least) return most === null ? `At least ${least}.` : `Between ${least} and ${most}.`;
  if (most !== null && value > most) return least === null ? `At most ${most}.` : `Between ${least} and ${most}.`;
  return null;
}

function listFault(field: SettingField, entries: readonly string[]): string | null {
  if (field.max != null && entries.length > field.max) return `At most ${field.max} lines.`;
  if (field.max_length != null && entries.some((entry) => entry.length > (field.max_length ?? 0))) return `At most ${field.max_length} characters in a line.`;
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

/** Reads the corners of an area, one in a line: `x, y`. What is no number stays to be seen as none. */
export function corners(text: string): Corner[] {
  return lines(text).map((line) => {
    const [x, y, ...more] = line.split(/[,;\s]+/).map(Number);
    return more.length > 0 ? [Number.NaN, Number.NaN] : [x ?? Number.NaN, y ?? Number.NaN];
  });
}

/** Returns corners as text, one in a line. */
export function cornerText(value: SettingValue): string {
  return Array.isArray(value) ? value.map((corner) => (Array.isArray(corner) ? corner.join(', ') : String(corner))).join('\n') : '';
}

function areaFault(entries: readonly unknown[]): string | null {
  const isCorner = (entry: unknown): boolean => Array.isArray(entry) && entry.length === 2 && entry.every((part) => Number.isFinite(part));
  const wrong = entries.findIndex((entry) => !isCorner(entry));
  if (wrong >= 0) return `Line ${wrong + 1} is not two numbers, as 8.5, 6.`;
  return entries.length === 1 || entries.length === 2 ? 'An area has at least three corners.' : null;
}

/** Tells whether a secret is stored; its value is never shown. */
export function isMasked(value: SettingValue): boolean {
  return typeof value === 'string' && value.startsWith('****');
}

function same(a: SettingValue, b: SettingValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

import { describe, expect, it } from 'vitest';
import css from './tokens.css?raw';

function theme(name: string): Map<string, string> {
  const block = css.split(`[data-theme='${name}'] {`)[1]?.split('}')[0] ?? '';
  return new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map((m) => [m[1] ?? '', m[2] ?? '']));
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

describe.each(['dark', 'light'])('the %s theme', (name) => {
  const colour = theme(name);
  const value = (token: string): string => colour.get(token) ?? `missing ${token}`;

  it.each(['page', 'panel', 'raised', 'hover'])('reads on %s', (surface) => {
    for (const text of ['ink', 'ink-2', 'ink-3', 'alarm', 'warn', 'ok', 'accent']) {
      expect(contrast(value(text), value(surface)), `${text} on ${surface}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each([
    ['ok', 'ok-soft'],
    ['warn', 'warn-soft'],
    ['alarm', 'alarm-soft'],
    ['ink', 'accent-soft'],
    ['accent', 'accent-soft'],
    ['accent-ink', 'accent'],
  ])('reads with %s on %s', (text, surface) => {
    expect(contrast(value(text), value(surface))).toBeGreaterThanOrEqual(4.5);
  });

  it('shows white text on the alarm colour', () => {
    expect(contrast('#ffffff', value('alarm-fill'))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['map-free', 'map-unseen'])('shows what is drawn on %s', (ground) => {
    for (const mark of ['ink', 'accent', 'alarm', 'ok', 'warn']) expect(contrast(value(mark), value(ground)), mark).toBeGreaterThanOrEqual(3);
  });

  it('shows the focus ring on every surface', () => {
    for (const surface of ['page', 'well', 'panel', 'raised']) {
      expect(contrast(value('accent'), value(surface))).toBeGreaterThanOrEqual(3);
    }
  });
});

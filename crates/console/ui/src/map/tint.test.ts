import { expect, it } from 'vitest';
import { colour, tint } from './tint';

const TINTS = { wall: colour('#c8c8c8'), unseen: colour('#0a0a0a'), free: colour('#202020') };

function tinted(...levels: number[]): number[] {
  const data = new Uint8ClampedArray(levels.flatMap((level) => [level, level, level, 255]));
  tint(data, TINTS);
  return levels.map((_, i) => data[i * 4] ?? -1);
}

it('gives walls, unseen and free ground their own colours', () => {
  expect(tinted(0, 205, 254, 255)).toEqual([0xc8, 0x0a, 0x20, 0x20]);
});

it('keeps soft edges soft', () => {
  const [dark = 0, half = 0, bright = 0] = tinted(0, 100, 205);
  expect(half).toBeLessThan(dark);
  expect(half).toBeGreaterThan(bright);
});

it('takes a transparent pixel as unseen', () => {
  const data = new Uint8ClampedArray([255, 255, 255, 0]);
  tint(data, TINTS);
  expect([...data]).toEqual([0x0a, 0x0a, 0x0a, 255]);
});

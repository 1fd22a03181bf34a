/** A colour as it is in a picture's data. */
export type Colour = readonly [number, number, number];

/** What a map's greys become: robots draw walls black, what is free nearly white, and what they have not seen grey. */
export interface Tints {
  wall: Colour;
  unseen: Colour;
  free: Colour;
}

/** Where on the scale from black to white the robot's greys for unseen and for free ground lie. */
const UNSEEN = 205 / 255;
const FREE = 250 / 255;

/** Recolours a map's pixels in place, so that a map is no white glare in a dark room. */
export function tint(data: Uint8ClampedArray, tints: Tints): void {
  const table = Array.from({ length: 256 }, (_, level) => shade(level / 255, tints));
  for (let at = 0; at < data.length; at += 4) {
    const level = Math.round(0.2126 * (data[at] ?? 0) + 0.7152 * (data[at + 1] ?? 0) + 0.0722 * (data[at + 2] ?? 0));
    const colour = (data[at + 3] ?? 255) < 128 ? tints.unseen : (table[level] ?? tints.unseen);
    [data[at], data[at + 1], data[at + 2]] = colour;
    data[at + 3] = 255;
  }
}

/** Reads a colour such as `#1b2030`. */
export function colour(hex: string): Colour {
  const at = (from: number): number => Number.parseInt(hex.slice(from, from + 2), 16) || 0;
  return [at(1), at(3), at(5)];
}

function shade(level: number, { wall, unseen, free }: Tints): Colour {
  if (level >= FREE) return free;
  if (level >= UNSEEN) return mixed(unseen, free, (level - UNSEEN) / (FREE - UNSEEN));
  return mixed(wall, unseen, level / UNSEEN);
}

function mixed(a: Colour, b: Colour, share: number): Colour {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

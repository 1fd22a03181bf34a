import type { Size } from '../geometry/polygon';
import type { Place } from './frame';

/** How the map's picture lies on the screen: one image point is `scale` screen points, and its corner is at `x`, `y`. */
export interface View {
  scale: number;
  x: number;
  y: number;
}

const LARGEST = 24;
/** How much smaller than fitting a map may be. */
const SMALLEST_SHARE = 0.5;

/** Returns the view in which all of the picture is seen, with some air around it. */
export function fitted(image: Size, box: Size, air = 16): View {
  const [width, height] = [Math.max(1, box.width - 2 * air), Math.max(1, box.height - 2 * air)];
  const scale = Math.min(width / Math.max(1, image.width), height / Math.max(1, image.height));
  return { scale, x: (box.width - image.width * scale) / 2, y: (box.height - image.height * scale) / 2 };
}

/** Makes everything `factor` times as large while the point of the screen at `at` stays where it is. */
export function zoomed(view: View, factor: number, at: Place, image: Size, box: Size): View {
  const smallest = fitted(image, box).scale * SMALLEST_SHARE;
  const scale = Math.min(Math.max(LARGEST, smallest), Math.max(smallest, view.scale * factor));
  const grown = scale / view.scale;
  return kept({ scale, x: at.x - (at.x - view.x) * grown, y: at.y - (at.y - view.y) * grown }, image, box);
}

/** Moves the picture; some of it always stays on the screen. */
export function panned(view: View, by: Place, image: Size, box: Size): View {
  return kept({ ...view, x: view.x + by.x, y: view.y + by.y }, image, box);
}

/** Follows two fingers: what was under each stays under it as far as it can. */
export function pinched(view: View, before: readonly [Place, Place], after: readonly [Place, Place], image: Size, box: Size): View {
  const apart = ([a, b]: readonly [Place, Place]): number => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
  const [from, to] = [middle(before), middle(after)];
  return panned(zoomed(view, apart(after) / apart(before), from, image, box), { x: to.x - from.x, y: to.y - from.y }, image, box);
}

/** Brings a point of the picture to the middle of the screen. */
export function centred(view: View, on: Place, image: Size, box: Size): View {
  return kept({ ...view, x: box.width / 2 - on.x * view.scale, y: box.height / 2 - on.y * view.scale }, image, box);
}

/** Returns where a point of the picture is on the screen. */
export function toScreen(view: View, image: Place): Place {
  return { x: view.x + image.x * view.scale, y: view.y + image.y * view.scale };
}

/** Returns the point of the picture under a point of the screen. */
export function fromScreen(view: View, screen: Place): Place {
  return { x: (screen.x - view.x) / view.scale, y: (screen.y - view.y) / view.scale };
}

function middle([a, b]: readonly [Place, Place]): Place {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function kept(view: View, image: Size, box: Size): View {
  const [width, height] = [image.width * view.scale, image.height * view.scale];
  const within = (at: number, length: number, space: number): number => {
    const left = Math.min(space, length) / 2;
    return Math.min(space - left, Math.max(left - length, at));
  };
  return { scale: view.scale, x: within(view.x, width, box.width), y: within(view.y, height, box.height) };
}

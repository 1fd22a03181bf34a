/** A point of a picture, as shares of its width and height: 0 to 1 from the left and from the top. */
export type Point = readonly [number, number];

export interface Size {
  width: number;
  height: number;
}

export interface Rectangle extends Size {
  x: number;
  y: number;
}

/** The fewest corners a zone can have. */
export const FEWEST_CORNERS = 3;

/** Returns the largest place for a picture of this size inside a box, centred, its shape kept. */
export function fit(picture: Size, box: Size): Rectangle {
  if (picture.width <= 0 || picture.height <= 0) return { x: 0, y: 0, width: box.width, height: box.height };
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const width = picture.width * scale;
  const height = picture.height * scale;
  return { x: (box.width - width) / 2, y: (box.height - height) / 2, width, height };
}

/** Brings a point inside the picture. */
export function clamped([x, y]: Point): Point {
  return [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))];
}

/** Returns the corners with one of them somewhere else, never outside of the picture. */
export function withCorner(corners: readonly Point[], at: number, to: Point): Point[] {
  return corners.map((corner, i) => (i === at ? clamped(to) : corner));
}

/** Returns the corners with a new one after corner `after`; in the middle of that edge if no place is given. */
export function withNewCorner(corners: readonly Point[], after: number, place?: Point): Point[] {
  const from = corners[after];
  const to = corners[(after + 1) % corners.length];
  if (from === undefined || to === undefined) return [...corners];
  const corner = place === undefined ? middle(from, to) : clamped(place);
  return [...corners.slice(0, after + 1), corner, ...corners.slice(after + 1)];
}

/** Returns the corners without one of them; a triangle stays as it is. */
export function withoutCorner(corners: readonly Point[], at: number): Point[] {
  if (corners.length <= FEWEST_CORNERS) return [...corners];
  return corners.filter((_, i) => i !== at);
}

/** Moves the whole shape, as far as the picture's border lets it. */
export function moved(corners: readonly Point[], [dx, dy]: Point): Point[] {
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const stepX = bounded(dx, -Math.min(...xs), 1 - Math.max(...xs));
  const stepY = bounded(dy, -Math.min(...ys), 1 - Math.max(...ys));
  return corners.map(([x, y]): Point => [x + stepX, y + stepY]);
}

/** Returns the four corners of a rectangle between two points, clockwise from the upper left. */
export function rectangle(a: Point, b: Point): Point[] {
  const [left, right] = [Math.min(a[0], b[0]), Math.max(a[0], b[0])];
  const [top, bottom] = [Math.min(a[1], b[1]), Math.max(a[1], b[1])];
  return [[left, top], [right, top], [right, bottom], [left, bottom]].map(([x = 0, y = 0]) => clamped([x, y]));
}

/** Returns the point halfway between two points. */
export function middle(a: Point, b: Point): Point {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

/** Returns the middle of the shape's outline, where its name is written. */
export function centre(corners: readonly Point[]): Point {
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  return [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
}

/** Tells whether a point is inside, by the even-odd rule. */
export function contains(corners: readonly Point[], [x, y]: Point): boolean {
  let inside = false;
  for (const [a, b] of edges(corners)) {
    const crosses = a[1] > y !== b[1] > y && x < ((b[0] - a[0]) * (y - a[1])) / (b[1] - a[1]) + a[0];
    if (crosses) inside = !inside;
  }
  return inside;
}

/** Returns the share of the picture that the shape covers (of a shape that does not cross itself). */
export function area(corners: readonly Point[]): number {
  let twice = 0;
  for (const [a, b] of edges(corners)) twice += a[0] * b[1] - b[0] * a[1];
  return Math.abs(twice) / 2;
}

/** Tells whether two edges that are not neighbours cross each other. */
export function crossesItself(corners: readonly Point[]): boolean {
  const all = edges(corners);
  return all.some((first, i) =>
    all.some((second, j) => {
      const neighbours = j <= i + 1 || (i === 0 && j === all.length - 1);
      return !neighbours && crosses(first, second);
    }),
  );
}

/** Converts written points to shares: values up to 1 are shares already, larger ones are pixels of a picture of this size. */
export function toShares(points: readonly Point[], size: Size | null): Point[] {
  const inPixels = points.some(([x, y]) => x > 1 || y > 1);
  if (!inPixels || size === null) return points.map(clamped);
  return points.map(([x, y]) => clamped([x / size.width, y / size.height]));
}

/** Rounds a share to a ten-thousandth: finer than a pixel of a 4K picture is noise in a configuration file. */
export function rounded([x, y]: Point): Point {
  return [Math.round(x * 1e4) / 1e4, Math.round(y * 1e4) / 1e4];
}

type Edge = readonly [Point, Point];

function edges(corners: readonly Point[]): Edge[] {
  return corners.map((corner, i): Edge => [corner, corners[(i + 1) % corners.length] ?? corner]);
}

function crosses([a, b]: Edge, [c, d]: Edge): boolean {
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

function side(a: Point, b: Point, p: Point): number {
  return Math.sign((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]));
}

function bounded(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

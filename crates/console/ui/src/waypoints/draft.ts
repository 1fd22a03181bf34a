import type { Pose, Waypoint } from '../api/patrol';
import { normal } from '../map/frame';

export const USUAL_QUESTION = 'Is everything normal?';

/** What must be put right before waypoints can be saved. */
export interface Fault {
  id: string;
  message: string;
}

/** Returns a waypoint at a place, with everything as it usually is. */
export function newPoint(pose: Pose, others: readonly Waypoint[], now: number): Waypoint {
  return { id: freeId(others, now), name: freeName(others), ...placed(pose), prompt: USUAL_QUESTION, enabled: true };
}

/** Returns the waypoints with one of them changed; a value that is undefined takes its key away. */
export function withPoint(points: readonly Waypoint[], id: string, change: Partial<Record<keyof Waypoint, unknown>>): Waypoint[] {
  return points.map((point) => {
    if (point.id !== id) return point;
    const changed = { ...point, ...change };
    return Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined)) as Waypoint;
  });
}

/** Returns a pose rounded to millimetres and a thousandth of a radian: finer than any robot stands. */
export function placed({ x, y, theta }: Pose): Pose {
  const rounded = (value: number): number => Math.round(value * 1000) / 1000 + 0;
  return { x: rounded(x), y: rounded(y), theta: rounded(normal(theta)) };
}

/** Returns what is wrong with waypoints; without faults they can be saved. */
export function faults(points: readonly Waypoint[]): Fault[] {
  return points.flatMap((point) => {
    const message = fault(point);
    return message === null ? [] : [{ id: point.id, message }];
  });
}

/** Tells whether two lists would be stored as the same. */
export function same(a: readonly Waypoint[], b: readonly Waypoint[]): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Reads a file of waypoints as they are exported here and by the reference. Throws a sentence if it is none. */
export function imported(text: string, now: number): Waypoint[] {
  const data = parsed(text);
  if (!Array.isArray(data)) throw new Error('This file has no list of waypoints.');
  const points: Waypoint[] = [];
  data.forEach((item: unknown, i) => {
    const point = typeof item === 'object' && item !== null ? (item as Record<string, unknown>) : {};
    const [x, y, theta] = [Number(point['x']), Number(point['y']), Number(point['theta'] ?? 0)];
    if (typeof point['name'] !== 'string' || point['x'] === undefined || point['y'] === undefined || ![x, y, theta].every(Number.isFinite)) {
      throw new Error(`Entry ${i + 1} of this file is no waypoint: it needs a name, x and y.`);
    }
    const id = typeof point['id'] === 'string' && !points.some((one) => one.id === point['id']) ? point['id'] : freeId(points, now);
    points.push({ ...point, id, name: point['name'], x, y, theta, prompt: typeof point['prompt'] === 'string' ? point['prompt'] : USUAL_QUESTION, enabled: point['enabled'] !== false });
  });
  return points;
}

/** Returns waypoints as a file. */
export function exported(points: readonly Waypoint[]): string {
  return `${JSON.stringify(points, null, 4)}\n`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('This file is not written in JSON.');
  }
}

function fault(point: Waypoint): string | null {
  if (point.name.trim() === '') return 'Give the waypoint a name.';
  if (!Number.isFinite(point.x) || !Number.isFinite(point.y)) return 'The place needs two numbers.';
  if (!between(point.dwell_seconds ?? 0, 0, 3600)) return 'The robot waits between 0 and 3600 seconds.';
  if (!between(point.photos ?? 1, 1, 8)) return 'Take 1 to 8 photos.';
  if (!between(point.on_failure?.retry ?? 0, 0, 10)) return 'Try again at most 10 times.';
  if ((point.announcement ?? '').length > 500) return 'An announcement has at most 500 characters.';
  return null;
}

function between(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

function freeName(others: readonly Waypoint[]): string {
  const taken = new Set(others.map((point) => point.name));
  for (let number = others.length + 1; ; number += 1) {
    if (!taken.has(`Point ${number}`)) return `Point ${number}`;
  }
}

/** Ids of the reference are milliseconds since 1970 as text; so are ours, and never one that is taken. */
function freeId(others: readonly Waypoint[], now: number): string {
  const taken = new Set(others.map((point) => point.id));
  for (let id = Math.floor(now); ; id += 1) {
    if (!taken.has(String(id))) return String(id);
  }
}

/** How a robot is to move right now: shares of its fastest speed, forward and to the left. */
export interface Drive {
  linear: number;
  angular: number;
}

/** Who holds the robot's reins: fingers and keys, each with what it asks for; and whether the robot was told to stand since the last left. */
export interface Reins {
  held: ReadonlyMap<string, Drive>;
  stopped: boolean;
}

export const LOOSE: Reins = { held: new Map(), stopped: true };
export const STAND: Drive = { linear: 0, angular: 0 };

/** How far from its middle a stick still means nothing, as a share of its radius. */
const NEUTRAL = 0.12;
/** Turning at full speed is too quick to aim. */
const KEY_TURN = 0.6;

const KEYS = new Map<string, Drive>(Object.entries({
  ArrowUp: { linear: 1, angular: 0 },
  ArrowDown: { linear: -1, angular: 0 },
  ArrowLeft: { linear: 0, angular: KEY_TURN },
  ArrowRight: { linear: 0, angular: -KEY_TURN },
  KeyW: { linear: 1, angular: 0 },
  KeyS: { linear: -1, angular: 0 },
  KeyA: { linear: 0, angular: KEY_TURN },
  KeyD: { linear: 0, angular: -KEY_TURN },
}));

/** Returns what a key of the keyboard asks for, by its place (`KeyW`), or `null` if it does not drive. */
export function keyDrive(code: string): Drive | null {
  return KEYS.get(code) ?? null;
}

/** Returns what a stick asks for that is pushed so far from its middle (screen points: down is positive). */
export function stickDrive(dx: number, dy: number, radius: number): Drive {
  const away = Math.hypot(dx, dy) / Math.max(1, radius);
  if (away < NEUTRAL) return STAND;
  const strength = (Math.min(1, away) - NEUTRAL) / (1 - NEUTRAL) / away;
  return { linear: trimmed((-dy / radius) * strength), angular: trimmed((-dx / radius) * strength) };
}

/** Notes that a finger or key asks for a movement. */
export function held(reins: Reins, by: string, drive: Drive): Reins {
  return { held: new Map([...reins.held, [by, drive]]), stopped: false };
}

/** Notes that a finger or key was lifted. */
export function released(reins: Reins, by: string): Reins {
  if (!reins.held.has(by)) return reins;
  return { ...reins, held: new Map([...reins.held].filter(([name]) => name !== by)) };
}

/** Notes that nobody holds the reins any more, because the page cannot know: it lost the focus or was hidden. */
export function dropped(reins: Reins): Reins {
  return { ...reins, held: new Map() };
}

/** Returns what is to be sent at this beat: a movement while held, to stand once afterwards, and then nothing. */
export function beat(reins: Reins): { send: Drive | null; reins: Reins } {
  if (reins.held.size > 0) return { send: sum(reins.held.values()), reins };
  if (!reins.stopped) return { send: STAND, reins: { ...reins, stopped: true } };
  return { send: null, reins };
}

function sum(drives: Iterable<Drive>): Drive {
  let [linear, angular] = [0, 0];
  for (const drive of drives) {
    linear += drive.linear;
    angular += drive.angular;
  }
  return { linear: trimmed(linear), angular: trimmed(angular) };
}

function trimmed(value: number): number {
  return Math.round(Math.min(1, Math.max(-1, value)) * 1000) / 1000 + 0;
}

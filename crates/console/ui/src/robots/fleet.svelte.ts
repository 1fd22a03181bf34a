import { Failure, getJson, words } from '../api/http';
import type { Battery, RobotEntry } from '../api/patrol';
import { patrolApi } from '../api/robots';
import { poll } from '../lib/poll';

const EVERY_MS = 3000;
const NOT_FOUND = 404;

/** All robots of the site, kept up to date while the console is open. */
class Fleet {
  robots = $state.raw<RobotEntry[]>([]);
  loading = $state<'loading' | 'ready' | 'failed'>('loading');
  failure = $state('');
  /** How many robots wait for somebody's answer. */
  readonly asking = $derived(this.robots.filter((robot) => robot.run?.state === 'asking').length);

  #absent = false;
  #stop: (() => void) | null = null;

  start(): () => void {
    this.again();
    return () => this.#stop?.();
  }

  /** Asks again on a site that had no patrol service: a page was opened that needs it. */
  again(): void {
    if (this.#stop !== null && !this.#absent) return;
    this.#stop?.();
    this.#absent = false;
    const stop = poll(EVERY_MS, (signal) => this.#load(signal));
    this.#stop = stop;
  }

  nameOf(id: string | null): string {
    if (id === null) return 'All robots';
    return this.robots.find((robot) => robot.robot_id === id)?.robot_name ?? id;
  }

  async #load(signal: AbortSignal): Promise<void> {
    try {
      const answer = await getJson<RobotEntry[] | { robots: RobotEntry[] }>(patrolApi('robots'), signal);
      this.robots = Array.isArray(answer) ? answer : answer.robots;
      this.loading = 'ready';
    } catch (failure) {
      if (signal.aborted) return;
      this.failure = words(failure);
      this.loading = 'failed';
      // A site without robots is no fault that asking again would mend.
      if (failure instanceof Failure && failure.status === NOT_FOUND) {
        this.#absent = true;
        this.#stop?.();
      }
      throw failure;
    }
  }
}

/** Returns a robot's battery from whichever form the list has it in. */
export function batteryOf(robot: RobotEntry): Battery | null {
  const { battery } = robot;
  if (battery === undefined || battery === null) return null;
  return typeof battery === 'number' ? { percent: battery, charging: false } : battery;
}

export const fleet = new Fleet();

import { Failure, getJson, words } from '../api/http';
import type { RobotEntry, RobotState } from '../api/patrol';
import { patrolApi, robotApi } from '../api/robots';
import { poll } from '../lib/poll';

const EVERY_MS = 3000;
const NOT_FOUND = 404;

/** All robots of the site, kept up to date while the console is open. */
class Fleet {
  robots = $state.raw<RobotEntry[]>([]);
  loading = $state<'loading' | 'ready' | 'failed'>('loading');
  failure = $state('');
  /** How those robots are whose processes run, by their ids. */
  states = $state.raw<ReadonlyMap<string, RobotState>>(new Map());
  /** How many robots wait for somebody's answer. */
  readonly asking = $derived([...this.states.values()].filter((state) => state.run?.state === 'asking').length);

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
      const robots = await getJson<RobotEntry[]>(patrolApi('robots'), signal);
      const states = await Promise.all(robots.filter((robot) => robot.backend === 'online').map((robot) => stateOf(robot.robot_id, signal)));
      this.states = new Map(states.flatMap((state) => (state === null ? [] : [[state.robot_id, state] as const])));
      this.robots = robots;
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

/** A robot whose own process does not answer is shown as the list has it. */
async function stateOf(robot: string, signal: AbortSignal): Promise<RobotState | null> {
  try {
    return await getJson<RobotState>(robotApi(robot, 'state'), signal);
  } catch (failure) {
    if (signal.aborted) throw failure;
    return null;
  }
}

export const fleet = new Fleet();

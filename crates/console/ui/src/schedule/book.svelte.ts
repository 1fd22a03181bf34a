import { getJson, isAborted, words } from '../api/http';
import type { Firing, Schedule, ScheduleEntry } from '../api/patrol';
import { robotApi } from '../api/robots';

/** What was or will be started by a schedule. */
export interface Start {
  key: string;
  at: string;
  /** Starts of the same schedule that went the same way. */
  series: string;
  robot: string;
  schedule: string;
  route: string | null;
  outcome: 'planned' | 'fired' | 'late' | 'missed';
  reason: string | null;
  run: number | null;
}

/** Enough for two weeks of a patrol every hour. */
const AHEAD = 400;

/** The schedules of one robot, what they will start and what they have started. */
export class Book {
  readonly robot: string;
  schedules = $state.raw<Schedule[]>([]);
  starts = $state.raw<Start[]>([]);
  routes = $state.raw<string[]>([]);
  loaded = $state(false);
  failure = $state('');

  constructor(robot: string) {
    this.robot = robot;
  }

  async load(signal?: AbortSignal): Promise<void> {
    try {
      const at = (path: string): string => robotApi(this.robot, path);
      const [schedules, ahead, log, routes] = await Promise.all([
        getJson<{ schedules: Schedule[] }>(at('schedules'), signal),
        getJson<Firing[]>(`${at('schedules/preview')}?count=${AHEAD}`, signal),
        getJson<{ entries: ScheduleEntry[] }>(at('schedules/log'), signal),
        getJson<string[]>(at('routes'), signal),
      ]);
      this.schedules = schedules.schedules;
      this.starts = [...log.entries.map((entry) => this.#logged(entry)), ...ahead.map((firing) => this.#planned(firing))];
      this.routes = routes;
      this.failure = '';
      this.loaded = true;
    } catch (cause) {
      if (!isAborted(cause)) this.failure = words(cause);
    }
  }

  #planned({ at, schedule_id: schedule, route }: Firing): Start {
    return { key: `${this.robot} ${schedule} ${at}`, at, series: `${this.robot} ${schedule}`, robot: this.robot, schedule, route: route ?? null, outcome: 'planned', reason: null, run: null };
  }

  #logged(entry: ScheduleEntry): Start {
    const at = entry.at;
    const route = this.schedules.find((one) => one.id === entry.schedule_id)?.route ?? null;
    const series = `${this.robot} ${entry.schedule_id} ${entry.outcome}`;
    return { key: `${this.robot} ${entry.schedule_id} ${at} log`, at, series, robot: this.robot, schedule: entry.schedule_id, route, outcome: entry.outcome, reason: entry.reason ?? null, run: entry.run_id ?? null };
  }
}

import { robotApi } from '../api/robots';
import type { Inspection, RobotMap, RobotState, RunProgress } from '../api/patrol';
import { listen } from '../lib/events';
import { walked } from '../map/path';
import type { Place } from '../map/frame';

const STEP_METRES = 0.05;
const LONGEST_PATH = 3000;

/** One robot as its own process tells of it, from moment to moment. */
export class Robot {
  readonly id: string;
  state = $state.raw<RobotState | null>(null);
  /** The map it is on. It is told ten times a second and hardly ever another one. */
  map = $state.raw<RobotMap | null>(null);
  run = $state.raw<RunProgress | null>(null);
  /** The verdicts of the run on show, the newest first. */
  verdicts = $state.raw<Inspection[]>([]);
  /** Where the robot has been since the page was opened, or since its run began. */
  path = $state.raw<readonly Place[]>([]);
  connected = $state(false);
  /** Whether it was ever heard of; before that nothing is wrong yet. */
  tried = $state(false);
  /** Counts what must be read again. */
  changes = $state({ points: 0, settings: 0, schedules: 0 });

  #witnessed = $state<number | null>(null);

  readonly name = $derived(this.state?.robot_name ?? '');
  /** Whether what is shown is how it is now. */
  readonly fresh = $derived(this.connected && this.state?.link.state === 'connected');
  readonly running = $derived(this.run !== null && this.run.state !== 'finished');
  /** The patrol whose end was seen here, or is still to come. One that ended before this page was opened is history. */
  readonly current = $derived(this.run !== null && this.run.run_id === this.#witnessed ? this.run : null);

  constructor(id: string) {
    this.id = id;
  }

  start(): () => void {
    return listen(robotApi(this.id, 'events'), {
      onlyVisible: true,
      kept: ['state', 'run'],
      connected: (connected) => {
        this.connected = connected;
        this.tried = true;
      },
      on: {
        state: (data) => this.#take(read<RobotState>(data)),
        run: (data) => this.#takeRun(read<RunProgress>(data)),
        verdict: (data) => this.#takeVerdict(read<Inspection>(data)),
        points: () => (this.changes.points += 1),
        settings: () => (this.changes.settings += 1),
        schedules: () => (this.changes.schedules += 1),
      },
    });
  }

  /** Puts an ended patrol away. */
  dismiss(): void {
    this.#witnessed = null;
  }

  /** Shows what was recorded of the run before this page was opened. */
  remember(run: number, verdicts: Inspection[], path: Place[]): void {
    if (this.run?.run_id !== run) return;
    this.verdicts = merged(verdicts, this.verdicts);
    this.path = [...path, ...this.path];
  }

  #take(state: RobotState | null): void {
    if (state === null) return;
    this.state = state;
    if (JSON.stringify(state.map) !== JSON.stringify(this.map)) this.map = state.map;
    if (state.run !== null) this.#takeRun(state.run);
    else if (this.running) this.run = null;
    if (state.pose !== null) this.path = walked(this.path, { x: state.pose.x, y: state.pose.y }, STEP_METRES, LONGEST_PATH);
  }

  #takeRun(run: RunProgress | null): void {
    if (run === null) return;
    if (this.run?.run_id !== run.run_id) {
      this.verdicts = [];
      this.path = [];
    }
    this.run = run;
    if (run.state !== 'finished') this.#witnessed = run.run_id;
  }

  #takeVerdict(inspection: Inspection | null): void {
    if (inspection === null) return;
    if (inspection.run_id !== undefined && this.run !== null && inspection.run_id !== this.run.run_id) return;
    this.verdicts = merged(this.verdicts, [inspection]);
  }
}

/** Returns all inspections once, the newer word on each, the newest first. */
function merged(known: readonly Inspection[], newer: readonly Inspection[]): Inspection[] {
  const all = new Map([...known, ...newer].map((one) => [one.id, one]));
  return [...all.values()].sort((a, b) => b.id - a.id);
}

function read<T>(text: string): T | null {
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}

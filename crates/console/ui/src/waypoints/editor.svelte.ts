import type { Pose, Waypoint } from '../api/patrol';
import { begun, redone, type Steps, taken, undone } from '../lib/steps';
import { faults, newPoint, placed, same, withPoint } from './draft';
import { moved, roundLength, shortestRound, sorted, type Strategy } from './order';

/** The waypoints of one robot being edited: the list, its steps and what is selected. */
export class Editor {
  #steps = $state.raw<Steps<Waypoint[]>>(begun<Waypoint[]>([]));
  #saved = $state.raw<Waypoint[]>([]);
  #action = 0;
  selected = $state<string | null>(null);

  readonly points = $derived(this.#steps.present);
  readonly faults = $derived(faults(this.points));
  readonly changed = $derived(!same(this.points, this.#saved));
  readonly canUndo = $derived(this.#steps.past.length > 0);
  readonly canRedo = $derived(this.#steps.future.length > 0);
  readonly current = $derived(this.points.find((point) => point.id === this.selected) ?? null);

  constructor(stored: Waypoint[], selected: string | null) {
    this.#steps = begun(stored);
    this.#saved = stored;
    this.selected = stored.some((point) => point.id === selected) ? selected : null;
  }

  /** Replaces the whole list. Steps with the same action name are undone together. */
  replace(points: Waypoint[], action: string | null = null): void {
    this.#steps = taken(this.#steps, points, action);
  }

  /** Changes one waypoint; a value that is undefined takes its key away. */
  change(id: string, change: Partial<Record<keyof Waypoint, unknown>>, action: string | null = null): void {
    this.replace(withPoint(this.points, id, change), action);
  }

  place(id: string, pose: Pose, action: string): void {
    this.change(id, { ...placed(pose) }, action);
  }

  add(pose: Pose): void {
    const point = newPoint(pose, this.points, Date.now());
    this.replace([...this.points, point]);
    this.selected = point.id;
  }

  /** Takes a waypoint out. It stays selected, so that it is open again when this is undone. */
  remove(id: string): void {
    this.replace(this.points.filter((point) => point.id !== id));
  }

  /** Moves a waypoint to another place in the round. */
  move(from: number, to: number, action: string | null = null): void {
    if (from !== to && to >= 0 && to < this.points.length) this.replace(moved(this.points, from, to), action);
  }

  switchAll(enabled: boolean): void {
    this.replace(this.points.map((point) => ({ ...point, enabled })));
  }

  /** Returns the waypoints in another order, and how long the round of those that are on is before and after. */
  ordered(strategy: Strategy, start: Pose | null): { points: Waypoint[]; before: number; after: number } {
    const points = strategy === 'shortest' ? this.#shortest(start) : sorted(this.points, strategy);
    const length = (all: Waypoint[]): number => roundLength(all.filter((point) => point.enabled !== false), start);
    return { points, before: length(this.points), after: length(points) };
  }

  undo(): void {
    this.#steps = undone(this.#steps);
  }

  redo(): void {
    this.#steps = redone(this.#steps);
  }

  /** Returns to what is stored; this can be undone too. */
  discard(): void {
    this.replace(this.#saved);
  }

  /** Notes that `points` are stored now. */
  stored(points: Waypoint[]): void {
    this.#saved = points;
  }

  /** Returns a name for an action that begins now, such as one drag. */
  newAction(): string {
    this.#action += 1;
    return `action ${this.#action}`;
  }

  /** Those that are off are not part of the round: they come last. */
  #shortest(start: Pose | null): Waypoint[] {
    const on = this.points.filter((point) => point.enabled !== false);
    return [...shortestRound(on, start), ...this.points.filter((point) => point.enabled === false)];
  }
}

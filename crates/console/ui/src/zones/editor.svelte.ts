import { FEWEST_CORNERS, type Point, withoutCorner } from '../geometry/polygon';
import { type Draft, faults, newZone, same, withoutZone, withZone, type ZoneDraft } from './draft';
import { begun, redone, type Steps, taken, undone } from '../lib/steps';

/** The zones of one camera being edited: the draft, its steps, what is selected and what is being drawn. */
export class Editor {
  #steps = $state.raw<Steps<Draft>>(begun<Draft>({ strict: true, allowed: [], alerting: [], zones: [], rest: {} }));
  #saved = $state.raw<Draft>(this.#steps.present);
  #action = 0;
  #chosen = $state<number | null>(null);
  /** The corner of the selected zone that was touched or focused last. */
  corner = $state<number | null>(null);
  /** The corners drawn so far; `null` while nothing is drawn. */
  drawn = $state.raw<Point[] | null>(null);

  readonly draft = $derived(this.#steps.present);
  readonly faults = $derived(faults(this.draft));
  readonly changed = $derived(!same(this.draft, this.#saved));
  readonly canUndo = $derived(this.#steps.past.length > 0);
  readonly canRedo = $derived(this.#steps.future.length > 0);
  readonly selected = $derived(this.draft.zones.find((zone) => zone.key === this.#chosen) ?? null);

  constructor(stored: Draft, zone: string | null) {
    this.#steps = begun(stored);
    this.#saved = stored;
    this.#chosen = (stored.zones.find((one) => one.name === zone) ?? stored.zones[0])?.key ?? null;
  }

  select(key: number | null): void {
    if (key !== this.#chosen) this.corner = null;
    this.#chosen = key;
  }

  /** Replaces the draft. Steps with the same action name are undone together. */
  change(next: Draft, action: string | null = null): void {
    this.#steps = taken(this.#steps, next, action);
  }

  /** Changes one zone. */
  changeZone(key: number, change: Partial<ZoneDraft>, action: string | null = null): void {
    this.change(withZone(this.draft, key, change), action);
  }

  /** Adds a zone and selects it. */
  add(corners: Point[]): void {
    const zone = newZone(corners, this.draft.zones);
    this.change({ ...this.draft, zones: [...this.draft.zones, zone] });
    this.select(zone.key);
    this.drawn = null;
  }

  /** Whether the chosen corner can go: three always stay. */
  readonly canRemoveCorner = $derived(this.corner !== null && this.selected !== null && this.corner < this.selected.corners.length && this.selected.corners.length > FEWEST_CORNERS);

  /** Takes the chosen corner out of the selected zone. */
  removeCorner(): void {
    if (this.corner === null || this.selected === null || !this.canRemoveCorner) return;
    this.changeZone(this.selected.key, { corners: withoutCorner(this.selected.corners, this.corner) });
    this.corner = null;
  }

  remove(key: number): void {
    this.change(withoutZone(this.draft, key));
    if (this.#chosen === key) this.select(this.draft.zones[0]?.key ?? null);
  }

  undo(): void {
    this.#steps = undone(this.#steps);
  }

  redo(): void {
    this.#steps = redone(this.#steps);
  }

  /** Returns to what is stored; this can be undone too. */
  discard(): void {
    this.change(this.#saved);
    this.drawn = null;
  }

  /** Notes that `draft` is stored now. */
  stored(draft: Draft): void {
    this.#saved = draft;
  }

  /** Returns a name for an action that begins now, such as one drag. */
  newAction(): string {
    this.#action += 1;
    return `action ${this.#action}`;
  }
}

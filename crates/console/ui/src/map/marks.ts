import type { Pose } from '../api/patrol';

/** How a waypoint is drawn. */
export type Tone = 'plain' | 'off' | 'current' | 'ok' | 'alarm' | 'warn' | 'passed';

/** A waypoint on the map. */
export interface Mark extends Pose {
  id: string;
  name: string;
  /** What stands in it: its number in the round. */
  label: string;
  tone: Tone;
}

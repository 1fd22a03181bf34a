import type { RunPoint, RunProgress, Waypoint } from '../api/patrol';
import type { Mark, Tone } from '../map/marks';
import { shown } from '../patrols/verdicts';

/** Returns the waypoints as they are drawn: those of the patrol with what became of each, else all in their order. */
export function roundMarks(points: readonly Waypoint[], run: RunProgress | null, running: boolean): Mark[] {
  if (run === null || run.points.length === 0) return waypointMarks(points);
  const heading = new Map(points.map((point) => [point.id, point.theta ?? 0]));
  return run.points.map((point, i) => ({
    id: point.id,
    name: point.name,
    x: point.x,
    y: point.y,
    theta: heading.get(point.id) ?? 0,
    label: String(i + 1),
    tone: tone(point, running && i === run.current_index),
  }));
}

/** Returns all waypoints with their numbers in the round; those that are switched off have none. */
export function waypointMarks(points: readonly Waypoint[]): Mark[] {
  let number = 0;
  return points.map((point) => {
    const isOn = point.enabled !== false;
    if (isOn) number += 1;
    return { id: point.id, name: point.name, x: point.x, y: point.y, theta: point.theta ?? 0, label: isOn ? String(number) : '–', tone: isOn ? 'plain' : 'off' };
  });
}

function tone(point: RunPoint, isCurrent: boolean): Tone {
  if (point.verdict) return ({ ok: 'ok', warn: 'warn', alarm: 'alarm', off: 'passed' } as const)[shown(point.verdict).tone];
  if (isCurrent) return 'current';
  if (point.state === 'failed') return 'warn';
  return point.state === 'done' || point.state === 'skipped' ? 'passed' : 'plain';
}
